#pragma once

#include <cstdint>

#include "djm/enum_names.hpp"
#include "metrics/sample_sink.hpp"

namespace djm {

/// 1 for the enumerator that `now` is, 0 for the others.
template <class E>
void each_name(E now, sample_sink& to) {
  std::uint8_t i = 0;
  for (const auto name : enum_names(E{}).names) {
    to.add({name}, static_cast<E>(i++) == now);
  }
}

} // namespace djm
