#pragma once

#include <cstdlib>
#include <optional>
#include <type_traits>

#include "djm/error.hpp"
#include "zkstore/types.hpp"

/// Included by the woven copy of the sources that `./dev mutants` builds, never by the product: one build holds every
/// mutant, and DJM_MUTANT in the environment says which one is in force. 0 or nothing: none.
namespace djm::mutant {

inline const int active = [] {
  const char* text = std::getenv("DJM_MUTANT");
  return text == nullptr ? 0 : std::atoi(text);
}();

inline bool on(int number) {
  return active == number;
}

inline bool negated(int number, bool condition) {
  return on(number) != condition;
}

/// What a condition declares, found to be nothing.
template <class T>
T* dropped(int number, T* found) {
  return on(number) ? nullptr : found;
}
/// A number that says by being zero that there is nothing.
template <class T>
std::enable_if_t<std::is_integral_v<T>, T> dropped(int number, T found) {
  return on(number) ? T{} : found;
}
template <class T>
std::optional<T> dropped(int number, std::optional<T> found) {
  return on(number) ? std::nullopt : std::move(found);
}
template <class T>
expected<T> dropped(int number, expected<T> found) {
  return on(number) ? fail(errc::malformed_payload, "dropped by a mutant") : std::move(found);
}

/// A check that is always passed, in the place of a real one: the places of the others stay what they are.
inline store::check_op unchecked(int number, store::check_op op) {
  return on(number) ? store::check_op{"/"} : std::move(op);
}
inline store::set_op unchecked(int number, store::set_op op) {
  if (on(number)) {
    op.version = store::any_version;
  }
  return op;
}
inline store::remove_op unchecked(int number, store::remove_op op) {
  if (on(number)) {
    op.version = store::any_version;
  }
  return op;
}

} // namespace djm::mutant
