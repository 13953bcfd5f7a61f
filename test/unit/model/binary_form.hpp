#pragma once

#include <vector>

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <doctest/doctest.h>

#include "djm/inspect.hpp"

/// What travels between actors of different processes, on both CAFs.
namespace djm::testing {

#if DJM_CAF_1X
using buffer = caf::byte_buffer;

template <class T>
buffer to_bytes(const T& x) {
  buffer result;
  caf::binary_serializer sink{result};
  if (!sink.apply(x)) {
    FAIL(caf::to_string(sink.get_error()));
  }
  return result;
}

template <class T>
caf::error from_bytes(const buffer& from, T& x) {
  caf::binary_deserializer source{from};
  return source.apply(x) ? caf::error{} : source.get_error();
}
#else
using buffer = std::vector<char>;

template <class T>
buffer to_bytes(const T& x) {
  buffer result;
  caf::binary_serializer sink{nullptr, result};
  if (const auto err = sink(const_cast<T&>(x))) {
    FAIL(caf::to_string(err));
  }
  return result;
}

template <class T>
caf::error from_bytes(const buffer& from, T& x) {
  caf::binary_deserializer source{nullptr, from};
  return source(x);
}
#endif

} // namespace djm::testing
