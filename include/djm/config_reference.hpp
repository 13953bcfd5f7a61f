#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "djm/enum_names.hpp"
#include "djm/error.hpp"

/// Names of secrets within a configuration, which is stored where others can read it; each node looks up what they
/// stand for.
namespace djm {

/// Where a secret is.
enum class reference_kind : std::uint8_t {
  /// In a variable of the process's environment: `${env:NAME}`. The name has letters, digits and "_", 1 to 200 of them,
  /// and does not start with a digit.
  env,
  /// In a file: `${file:/PATH}`. The path is absolute, without control characters and "}", at most 1000 bytes long.
  file,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(reference_kind) {
  return name_enum("reference_kind", "env", "file");
}

/// Stands for a secret in a configuration: `${env:NAME}` or `${file:/PATH}`.
struct config_reference {
  /// Where it is.
  reference_kind kind = reference_kind::env;
  /// Name of the variable, or path of the file.
  std::string name;
};

/// As it is written: "${env:NAME}".
std::string to_string(const config_reference& x);

/// Whether both name the same.
inline bool operator==(const config_reference& a, const config_reference& b) {
  return a.kind == b.kind && a.name == b.name;
}
/// By kind, then by name.
inline bool operator<(const config_reference& a, const config_reference& b) {
  return a.kind != b.kind ? a.kind < b.kind : a.name < b.name;
}

/// Reads a text that is one reference and nothing else. `errc::invalid_config` with the rule; the text, which may be a
/// secret, is not shown.
expected<config_reference> parse_reference(std::string_view text);

/// Says what a reference stands for, in UTF-8. Its errors are shown to people: they name the reference, which is no
/// secret, and not what it stands for.
using reference_lookup = std::function<expected<std::string>(const config_reference& what)>;

} // namespace djm
