#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "djm/error.hpp"

/// A benchmark in which something goes wrong shows nothing: it ends with the reason.
namespace djm::bench {

[[noreturn]] inline void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(2);
}

template <class T>
T must(expected<T> x) {
  if (!x) {
    give_up(to_string(x.error()));
  }
  return std::move(*x);
}

inline void must(const expected<void>& x) {
  if (!x) {
    give_up(to_string(x.error()));
  }
}

} // namespace djm::bench
