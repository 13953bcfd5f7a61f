#pragma once

#include <string_view>

namespace djm::impl {

/// Whether ZooKeeper would accept the path: absolute, no trailing slash, no empty, "." or ".." component, no control
/// character, UTF-8.
bool is_store_path(std::string_view path) noexcept;

} // namespace djm::impl
