#include "test/tidy/text_rules.hpp"

#include <regex>

namespace tidy {

namespace {

constexpr int max_lines = 400;

/// Complains about each line of `text` that `pattern` finds something in.
void find_all(const std::string& path, std::string_view text, const std::regex& pattern, const std::string& what,
              complaints& result) {
  int number = 0;
  for (auto line : lines_of(text)) {
    ++number;
    std::cmatch match;
    if (std::regex_search(line.data(), line.data() + line.size(), match, pattern)) {
      result.push_back(complaint(path, number, what + ": " + match.str()));
    }
  }
}

} // namespace

complaints check_marks(const source_tree& tree) {
  // Written in halves, so that this file obeys its own rule.
  static const std::regex marks{"\\b(TO"
                                "DO|FIX"
                                "ME|XX"
                                "X|HA"
                                "CK)\\b"};
  complaints result;
  for (const auto& [path, text] : tree) {
    find_all(path, text, marks, "left-over mark", result);
  }
  return result;
}

complaints check_machine_paths(const source_tree& tree) {
  static const std::regex paths{"(^|[^A-Za-z0-9_.}/~-])/(home|root|Users|work|farm|mnt|media)/[A-Za-z0-9]"};
  complaints result;
  for (const auto& [path, text] : tree) {
    find_all(path, text, paths, "path of one machine", result);
  }
  return result;
}

complaints check_sizes(const source_tree& tree, const std::map<std::string, int>& allowed) {
  complaints result;
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path)) {
      continue;
    }
    auto lines = static_cast<int>(lines_of(text).size());
    auto exception = allowed.find(path);
    auto limit = exception == allowed.end() ? max_lines : exception->second;
    if (lines > limit) {
      result.push_back(complaint(path, 0, std::to_string(lines) + " lines, at most " + std::to_string(limit)));
    } else if (exception != allowed.end() && lines <= max_lines) {
      result.push_back(complaint(path, 0, "no longer needs its exception for long files"));
    }
  }
  for (const auto& [path, limit] : allowed) {
    if (tree.count(path) == 0) {
      result.push_back(complaint(path, 0, "has an exception for long files but does not exist"));
    }
  }
  return result;
}

complaints check_header_guards(const source_tree& tree) {
  complaints result;
  for (const auto& [path, text] : tree) {
    if (is_header(path) && !starts_with(text, "#pragma once\n")) {
      result.push_back(complaint(path, 1, "a header starts with #pragma once"));
    }
  }
  return result;
}

complaints check_sleeps(const source_tree& tree) {
  static const std::regex sleeps{R"(\b(sleep_for|sleep_until|usleep|nanosleep)\s*\()"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (is_cpp(path) && starts_with(path, "test/") && path.find("support") == path.npos) {
      find_all(path, code_of(text), sleeps, "a test waits for a condition instead", result);
    }
  }
  return result;
}

complaints check_loops(const source_tree& tree) {
  static const std::regex borrowed{R"(\bfor \([^;:()]*[^:] : [^;]*\)->\w+\) *\{?$)", std::regex::multiline};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (is_cpp(path)) {
      find_all(path, code_of(text), borrowed, "the loop walks through a part of something that is gone: name it first",
               result);
    }
  }
  return result;
}

complaints check_store_answers(const source_tree& tree) {
  static const std::regex positions{R"(\bresults\b|(\.|->)index\b)"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (is_cpp(path) && starts_with(path, "actors/") && !starts_with(path, "actors/dialogue/")) {
      find_all(path, code_of(text), positions, "answers of the store are found by slots and labels", result);
    }
  }
  return result;
}

complaints check_enumerations(const source_tree& tree) {
  static const std::regex words{R"(\bstd::string (phase|state|role|priority|spread|relaxation|kind|mode)\b)"};
  static const std::regex begins{R"(^\s*enum class [^;]*\{(.*)$)"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (!is_header(path) || !starts_with(path, "include/djm/") || path.find("/caf_") != std::string::npos) {
      continue;
    }
    if (path != "include/djm/submission.hpp") { // the kinds of submissions are names that users give
      find_all(path, code_of(text), words, "a fixed set of words is an enumeration", result);
    }
    bool inside = false, told = false;
    int number = 0;
    for (auto line : lines_of(text)) {
      ++number;
      const std::string code{line.substr(std::min(line.find_first_not_of(' '), line.size()))};
      std::smatch head;
      if (std::regex_match(code, head, begins)) {
        inside = head[1].str().find('}') == std::string::npos;
        if (!inside || head[1].length() > 0) {
          result.push_back(complaint(path, number, "each enumerator has a line, and a comment above it"));
        }
      } else if (inside && starts_with(code, "}")) {
        inside = false;
      } else if (inside && !starts_with(code, "//") && !code.empty()) {
        if (!told && code.find("///<") == std::string::npos) {
          result.push_back(complaint(path, number, "an enumerator without a comment: " + code));
        }
        told = false;
      }
      told = inside && (told || starts_with(code, "///"));
    }
  }
  return result;
}

complaints check_field_lists(const source_tree& tree) {
  static const std::regex list{
    R"rx(auto fields\(V&& v, (\w+)&( x)?\) \{\s*return v\("(\w+)"((?:,\s*field\("\w+", x\.\w+\))*)\);)rx"};
  static const std::regex member{R"rx(field\("(\w+)", x\.(\w+)\))rx"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path) || path == "test/tidy/rules_test.cpp") {
      continue;
    }
    for (std::sregex_iterator i{text.begin(), text.end(), list}, end; i != end; ++i) {
      const auto members = (*i)[4].str();
      auto same = (*i)[1] == (*i)[3];
      for (std::sregex_iterator m{members.begin(), members.end(), member}; same && m != end; ++m) {
        same = (*m)[1] == (*m)[2];
      }
      if (same) {
        result.push_back(complaint(path, 0, "say DJM_FIELDS(" + (*i)[1].str() + ", ...) instead of a list by hand"));
      }
    }
  }
  return result;
}

complaints check_assertions(const source_tree& tree) {
  static const std::regex assertions{R"(\b(CHECK|REQUIRE)[A-Z_]*\(|\brc::(check|prop)\b|\bRC_ASSERT\b)"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (starts_with(path, "test/") && ends_with(path, "_test.cpp") && !std::regex_search(code_of(text), assertions)) {
      result.push_back(complaint(path, 0, "asserts nothing"));
    }
  }
  return result;
}

complaints check_own_header_first(const source_tree& tree) {
  complaints result;
  for (const auto& [path, text] : tree) {
    auto header = path.substr(0, path.rfind('.')) + ".hpp";
    if (!ends_with(path, ".cpp") || tree.count(header) == 0) {
      continue;
    }
    auto includes = includes_of(text);
    if (includes.empty() || resolve(tree, path, includes.front().target) != header) {
      result.push_back(complaint(path, 0, "the first include is not its own header"));
    }
  }
  return result;
}

} // namespace tidy
