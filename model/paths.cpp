#include "model/paths.hpp"

#include "model/text.hpp"

namespace djm::impl {

namespace {

// What ZooKeeper refuses in a path besides the structural rules: control characters and the code points of
// Java's PathUtils (U+007F to U+009F, surrogates, private use, specials).
bool is_refused(std::string_view sequence) noexcept {
  const auto at = [sequence](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) {
    return at(0) < 0x20 || at(0) == 0x7F;
  }
  if (sequence.size() == 2) {
    return at(0) == 0xC2 && at(1) <= 0x9F;
  }
  if (sequence.size() == 3) {
    const auto point = (unsigned{at(0)} & 0xF) << 12 | (unsigned{at(1)} & 0x3F) << 6 | (unsigned{at(2)} & 0x3F);
    return (point >= 0xE000 && point <= 0xF8FF) || point >= 0xFFF0;
  }
  return false;
}

bool is_valid_component(std::string_view name) noexcept {
  if (name.empty() || name == "." || name == "..") {
    return false;
  }
  while (!name.empty()) {
    const auto n = utf8_sequence(name);
    if (n == 0 || is_refused(name.substr(0, n))) {
      return false;
    }
    name.remove_prefix(n);
  }
  return true;
}

} // namespace

bool is_store_path(std::string_view path) noexcept {
  if (path.empty() || path.front() != '/') {
    return false;
  }
  if (path.size() == 1) {
    return true;
  }
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    if (!is_valid_component(path.substr(0, slash))) {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    path.remove_prefix(slash + 1);
  }
}

} // namespace djm::impl
