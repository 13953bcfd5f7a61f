#pragma once

#include <nlohmann/json.hpp>

#include "djm/value_view.hpp"

namespace djm::impl {

/// Between views and the library that parses JSON. Internal: not installed.
struct value_access {
  /// A view of a tree that outlives it.
  static value_view view(const nlohmann::json& value) noexcept { return {&value, &value}; }
  /// A view of a tree whose texts were replaced; `stored` differs from it in texts alone.
  static value_view view(const nlohmann::json& value, const nlohmann::json& stored) noexcept {
    return {&value, &stored};
  }
  static const nlohmann::json& value(const value_view& v) noexcept {
    return *static_cast<const nlohmann::json*>(v.value_);
  }
  static const nlohmann::json& stored(const value_view& v) noexcept {
    return *static_cast<const nlohmann::json*>(v.stored_);
  }
};

} // namespace djm::impl
