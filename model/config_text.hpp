#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "djm/config_reference.hpp"

/// References within the texts of a configuration. Internal: not installed.
namespace djm::impl {

/// What a text is made of: what stands for itself, and references.
using text_part = std::variant<std::string, config_reference>;

/// Takes a text apart: "$${" stands for "${", any other "${" starts a reference. The error says which one is none; it
/// shows what stands there.
tl::expected<std::vector<text_part>, std::string> split_text(std::string_view text);

/// What a secret has to be, for complaints that do not show it.
extern const char* const rule_of_secrets;

} // namespace djm::impl
