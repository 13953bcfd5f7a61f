#pragma once

#include <string>
#include <string_view>

namespace djm::tool {

/// A script that completes commands, options and fixed words, for "bash", "zsh" or "fish"; empty for another shell.
std::string completion_of(std::string_view shell);

} // namespace djm::tool
