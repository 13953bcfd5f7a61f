#include "test/tidy/doc_rules.hpp"

#include <algorithm>
#include <iterator>
#include <regex>

namespace tidy {

namespace {

/// In the order in which the README shows them.
const char* const shown_samples[] = {"samples/quickstart.cpp", "samples/test_my_job.cpp"};

/// What stands between "```cpp" and "```".
std::vector<std::string> cpp_blocks(const std::string& text) {
  static const std::string begin = "\n```cpp\n";
  static const std::string end = "\n```\n";
  std::vector<std::string> result;
  for (auto at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
    at += begin.size();
    const auto stop = text.find(end, at);
    if (stop == text.npos) {
      break;
    }
    result.push_back(text.substr(at, stop + 1 - at));
    at = stop;
  }
  return result;
}

/// Whether the tree has this file, or files below this folder.
bool exists(const source_tree& tree, const std::string& path) {
  auto at = tree.lower_bound(path);
  return at != tree.end() && (at->first == path || starts_with(at->first, path + "/"));
}

std::string normal(const std::string& base, std::string link) {
  auto folder = base.substr(0, base.rfind('/') == base.npos ? 0 : base.rfind('/'));
  while (!link.empty()) {
    auto slash = std::min(link.find('/'), link.size());
    auto part = link.substr(0, slash);
    link.erase(0, std::min(slash + 1, link.size()));
    if (part == "..") {
      folder.erase(folder.rfind('/') == folder.npos ? 0 : folder.rfind('/'));
    } else if (part != "." && !part.empty()) {
      folder += (folder.empty() ? "" : "/") + part;
    }
  }
  return folder;
}

using lines = std::vector<std::string_view>;

std::string_view without_trailing_blanks(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

/// Lines without blanks at their ends, and without the indentation that all of them have.
lines outdented(lines::const_iterator begin, lines::const_iterator end) {
  lines result;
  auto common = std::string_view::npos;
  for (auto line = begin; line != end; ++line) {
    result.push_back(without_trailing_blanks(*line));
    common = std::min(common, result.back().find_first_not_of(' '));
  }
  for (auto& line : result) {
    line.remove_prefix(std::min(common, line.size()));
  }
  return result;
}

bool contains(std::string_view text, const lines& snippet) {
  const auto all = lines_of(text);
  const auto length = static_cast<std::ptrdiff_t>(snippet.size());
  for (auto from = all.begin(); all.end() - from >= length; ++from) {
    if (outdented(from, from + length) == snippet) {
      return true;
    }
  }
  return false;
}

/// What is wrong with the snippet between these lines; `above` is the line above it.
std::string fault_of_snippet(const source_tree& tree, std::string_view above, const lines& snippet) {
  static const std::regex origin{R"(<!-- from (\S+) -->)"};
  std::cmatch found;
  if (!std::regex_match(above.data(), above.data() + above.size(), found, origin)) {
    return "a ```cpp block without <!-- from FILE --> above it";
  }
  const auto file = tree.find(found[1].str());
  if (file == tree.end() || !is_cpp(file->first)) {
    return "no such C++ file: " + found[1].str();
  }
  return contains(file->second, snippet) ? "" : "these lines do not stand in " + file->first;
}

} // namespace

complaints check_shown_samples(const source_tree& tree) {
  auto readme = tree.find("README.md");
  const auto blocks = readme == tree.end() ? std::vector<std::string>{} : cpp_blocks('\n' + readme->second);
  complaints result;
  std::size_t n = 0;
  for (const auto* sample : shown_samples) {
    auto code = tree.find(sample);
    if (code == tree.end()) {
      continue;
    }
    if (n >= blocks.size() || blocks[n] != code->second) {
      result.push_back(complaint("README.md", 0, "```cpp block " + std::to_string(n + 1) + " is not " + sample));
    }
    ++n;
  }
  return result;
}

complaints check_regression_tests(const source_tree& tree) {
  const auto log = tree.find("CHANGELOG.md");
  if (log == tree.end()) {
    return {};
  }
  complaints result;
  int number = 0;
  for (auto line : lines_of(log->second)) {
    ++number;
    if (!starts_with(line, "| ") || line.size() < 4 || line.substr(line.size() - 3) != "` |") {
      continue;
    }
    const auto name = std::string{line.substr(0, line.size() - 3)};
    const auto from = name.rfind('`');
    const auto test = from == name.npos ? std::string{} : name.substr(from + 1);
    bool found = false;
    for (const auto& [path, text] : tree) {
      // With a decorator behind the name (skip, timeout), or without.
      found = found || text.find("TEST_CASE(\"" + test + "\")") != std::string::npos ||
              text.find("TEST_CASE(\"" + test + "\" *") != std::string::npos;
    }
    if (!found) {
      result.push_back(complaint("CHANGELOG.md", number, "no such test: " + test));
    }
  }
  return result;
}

std::set<std::string> commands_of(std::string_view dev) {
  std::set<std::string> result;
  for (auto line : lines_of(dev)) {
    if (starts_with(line, "cmd_")) {
      result.emplace(line.substr(4, line.find('(') - 4));
    }
  }
  return result;
}

complaints check_commands(const source_tree& tree) {
  static const std::regex use{R"(\./dev +([a-z]+))"};
  auto dev = tree.find("dev");
  if (dev == tree.end()) {
    return {complaint("dev", 0, "does not exist")};
  }
  auto known = commands_of(dev->second);
  complaints result;
  for (const auto& [path, text] : tree) {
    if (starts_with(path, "test/tidy/")) {
      continue;
    }
    int number = 0;
    for (auto line : lines_of(text)) {
      ++number;
      for (std::cregex_iterator it{line.data(), line.data() + line.size(), use}, end; it != end; ++it) {
        if (known.count((*it)[1].str()) == 0) {
          result.push_back(complaint(path, number, "no such command: " + it->str()));
        }
      }
    }
  }
  return result;
}

complaints check_snippets(const source_tree& tree) {
  complaints result;
  for (const auto& [path, text] : tree) {
    if (!starts_with(path, "docs/guide/") || !ends_with(path, ".md")) {
      continue;
    }
    const auto all = lines_of(text);
    for (auto begin = std::find(all.begin(), all.end(), "```cpp"); begin != all.end();
         begin = std::find(begin, all.end(), "```cpp")) {
      const auto above = begin == all.begin() ? std::string_view{} : *std::prev(begin);
      const auto end = std::find(begin, all.end(), "```");
      if (const auto fault = fault_of_snippet(tree, above, outdented(std::next(begin), end)); !fault.empty()) {
        result.push_back(complaint(path, static_cast<int>(begin - all.begin()) + 1, fault));
      }
      begin = end;
    }
  }
  return result;
}

complaints check_links(const source_tree& tree) {
  static const std::regex link{R"(\]\(([^)#:\s]+)(#[^)]*)?\))"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (!ends_with(path, ".md")) {
      continue;
    }
    int number = 0;
    for (auto line : lines_of(text)) {
      ++number;
      for (std::cregex_iterator it{line.data(), line.data() + line.size(), link}, end; it != end; ++it) {
        auto target = normal(path, (*it)[1].str());
        if (target != "LICENSE" && !exists(tree, target)) {
          result.push_back(complaint(path, number, "dead link: " + (*it)[1].str()));
        }
      }
    }
  }
  return result;
}

} // namespace tidy
