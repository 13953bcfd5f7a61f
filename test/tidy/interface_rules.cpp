#include "test/tidy/interface_rules.hpp"

#include <algorithm>
#include <regex>

namespace tidy {

namespace {

const char* const forward_header = "include/djm/fwd.hpp";

/// "djm::test enum class way : std::uint8_t" to the file that has it.
using types = std::map<std::string, std::string>;

std::string without_directives(std::string_view text) {
  std::string result;
  auto continued = false;
  auto code = code_of(text);
  for (auto line : lines_of(code)) {
    auto directive = continued || starts_with(line.substr(std::min(line.find_first_not_of(' '), line.size())), "#");
    continued = directive && ends_with(line, "\\");
    if (!directive) {
      result += std::string{line} + "\n";
    }
  }
  return result;
}

/// The type that a statement before a '{' or ';' introduces, if it does; attributes and base classes left out.
std::string type_of(std::string statement, const std::string& space) {
  static const std::regex type{
    R"(([\s\S]*?)\b(enum class|class|struct)\s+(?:DJM_EXPORT\s+)?(\w+)(?:\s+final)?\s*(:(?!:)[\s\S]*)?$)"};
  static const std::regex is_template{R"(\btemplate\s*<[^;{}]*$)"};
  std::smatch match;
  // The end says it all, and std::regex takes stack for each character.
  statement.erase(0, statement.size() - std::min(statement.size(), std::size_t{500}));
  if (!std::regex_match(statement, match, type) || std::regex_search(match.str(1), is_template)) {
    return {};
  }
  auto result = space + " " + match.str(2) + " " + match.str(3);
  return match.str(2) == "enum class" ? result + (match[4].matched ? " " + match.str(4) : "") : result;
}

/// Adds what the text defines (`end` is '{') or declares (';') in the two namespaces.
void collect(const std::string& path, std::string_view text, char end, types& result) {
  static const std::regex space{R"(\s*(?:inline\s+)?namespace\s+([\w:]+)\s*)"};
  std::vector<std::string> open; // namespaces; anything else is "-"
  std::string statement;
  for (auto c : without_directives(text)) {
    if (c != '{' && c != '}' && c != ';') {
      statement += c;
      continue;
    }
    if (c == end && open.size() == 1 && (open[0] == "djm" || open[0] == "djm::test")) {
      while (!statement.empty() && statement.back() <= ' ') {
        statement.pop_back();
      }
      if (auto found = type_of(statement, open[0]); !found.empty()) {
        result.emplace(found, path);
      }
    }
    std::smatch match;
    if (c == '{') {
      open.push_back(std::regex_match(statement, match, space) ? match.str(1) : "-");
    } else if (c == '}' && !open.empty()) {
      open.pop_back();
    }
    statement.clear();
  }
}

} // namespace

complaints check_forward_declarations(const source_tree& tree) {
  types defined;
  types declared;
  for (const auto& [path, text] : tree) {
    if (path == forward_header) {
      collect(path, text, ';', declared);
    } else if (is_header(path) && starts_with(path, "include/djm/") && !starts_with(path, "include/djm/caf_")) {
      collect(path, text, '{', defined);
    }
  }
  complaints result;
  for (const auto& [type, path] : defined) {
    if (declared.count(type) == 0) {
      result.push_back(complaint(path, 0, "djm/fwd.hpp does not declare " + type));
    }
  }
  for (const auto& [type, path] : declared) {
    if (defined.count(type) == 0) {
      result.push_back(complaint(path, 0, "no public header defines " + type));
    }
  }
  return result;
}

complaints check_one_definition(const source_tree& tree) {
  std::map<std::string, std::string> first; // "djm name"
  complaints result;
  for (const auto& [path, text] : tree) {
    const bool ours = is_cpp(path) && !starts_with(path, "test/") && !starts_with(path, "samples/") &&
                      !starts_with(path, "bench/") && path.find("/caf_1/") == path.npos;
    if (!ours) {
      continue;
    }
    types defined;
    collect(path, text, '{', defined);
    for (const auto& [type, file] : defined) {
      const auto words = type.substr(0, type.find(" : "));
      const auto name = words.substr(0, words.find(' ')) + words.substr(words.rfind(' '));
      if (const auto [other, is_new] = first.emplace(name, path); !is_new && other->second != path) {
        result.push_back(complaint(path, 0, name + " is defined in " + other->second + " as well"));
      }
    }
  }
  return result;
}

} // namespace tidy
