#pragma once

#include <map>
#include <string>
#include <string_view>

#include "djm/value_view.hpp"

namespace djm::daemon {

/// A TOML document as a tree of values, and where each of them stands, by JSON pointer.
struct toml_text {
  value_document values;
  std::map<std::string, int> lines;
  /// What is wrong with its syntax, and where; empty: nothing.
  std::string fault;
  int fault_line = 0;

  /// Of the value, or of the nearest one around it.
  int line_of(std::string pointer) const;
};

toml_text parse_toml(std::string_view text);

} // namespace djm::daemon
