#pragma once

#include <algorithm>

#include <caf/detail/meta_object.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/type_id.hpp>

/// The table of types of CAF 1.x. Included by the one source file that fills it with djm's.
namespace djm::cx {

namespace detail {

template <class Block>
bool has_types() {
  for (auto id = Block::begin; id < Block::end; ++id) {
    if (caf::detail::global_meta_object_or_null(id) == nullptr) {
      return false;
    }
  }
  return true;
}

/// Each actor system keeps a reference to the guard of the table; one is the table's own, one the copy looked at.
inline bool actor_system_exists() {
  return caf::detail::global_meta_objects_guard()->get_reference_count() > 2;
}

} // namespace detail

/// Adds blocks of type ids to the table unless they are there already. False when it is too late: CAF moves the table,
/// and the actors of a system read it without a lock.
template <class... Blocks>
bool init_types() {
  if ((detail::has_types<Blocks>() && ...)) {
    return true;
  }
  if (detail::actor_system_exists()) {
    return false;
  }
  caf::core::init_global_meta_objects();
  (caf::init_global_meta_objects<Blocks>(), ...);
  return true;
}

} // namespace djm::cx
