#include "test/tidy/source_tree.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

namespace tidy {

namespace {

namespace fs = std::filesystem;

const char* const folders[] = {"include", "model",   "calendar", "strategies", "metrics", "history", "execution",
                               "http",    "zkstore", "actors",   "simulation", "testkit", "samples", "test",
                               "bench",   "tools",   "docs",     "cmake",      ".ci"};

std::string read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    throw std::runtime_error{"cannot read " + path.string()};
  }
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

bool is_known_kind(const fs::path& path) {
  static const std::set<std::string> kinds = {".cpp", ".hpp", ".md", ".txt", ".cmake", ".in",  ".json", ".sh",
                                              ".awk", ".yml", ".py", ".mjs", ".js",    ".css", ".html"};
  return kinds.count(path.extension().string()) != 0 || path.filename() == "dev" || path.filename() == "run";
}

} // namespace

source_tree read_project(const std::string& root) {
  source_tree result;
  auto add = [&](const fs::path& path) {
    if (fs::is_regular_file(path) && is_known_kind(path)) {
      result.emplace(fs::relative(path, root).generic_string(), read_file(path));
    }
  };
  for (const auto& entry : fs::directory_iterator{root}) {
    add(entry.path());
  }
  for (const auto* folder : folders) {
    if (fs::is_directory(fs::path{root} / folder)) {
      for (const auto& entry : fs::recursive_directory_iterator{fs::path{root} / folder}) {
        add(entry.path());
      }
    }
  }
  return result;
}

std::vector<std::string> read_path_list(const std::string& file, const std::string& root) {
  std::vector<std::string> result;
  auto text = read_file(file);
  for (auto line : lines_of(text)) {
    if (line.empty()) {
      continue;
    }
    auto path = fs::path{std::string{line}};
    auto relative = path.is_absolute() ? fs::relative(path, root) : path.lexically_normal();
    if (is_cpp(relative.generic_string()) && *relative.begin() != ".." && *relative.begin() != "build") {
      result.push_back(relative.generic_string());
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

bool is_header(std::string_view path) {
  return ends_with(path, ".hpp");
}

bool is_cpp(std::string_view path) {
  return is_header(path) || ends_with(path, ".cpp");
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string code_of(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    auto rest = text.substr(i);
    std::size_t length = 1;
    auto blank = true;
    if (starts_with(rest, "#include")) {
      length = std::min(rest.find('\n'), rest.size());
      blank = false;
    } else if (starts_with(rest, "//")) {
      length = std::min(rest.find('\n'), rest.size());
    } else if (starts_with(rest, "/*")) {
      auto end = rest.find("*/", 2);
      length = end == rest.npos ? rest.size() : end + 2;
    } else if (starts_with(rest, "R\"")) {
      auto open = rest.find('(');
      auto close = open == rest.npos ? open : rest.find(")" + std::string{rest.substr(2, open - 2)} + "\"", open);
      length = close == rest.npos ? rest.size() : close + open;
    } else if (rest[0] == '"' ||
               (rest[0] == '\'' && (i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1]))))) {
      while (length < rest.size() && rest[length] != rest[0] && rest[length] != '\n') {
        length += rest[length] == '\\' ? 2u : 1u;
      }
      length = std::min(length + 1, rest.size());
    } else {
      blank = false;
    }
    for (auto c : rest.substr(0, length)) {
      result += blank && c != '\n' ? ' ' : c;
    }
    i += length;
  }
  return result;
}

std::vector<include_line> includes_of(std::string_view text) {
  std::vector<include_line> result;
  int number = 0;
  for (auto line : lines_of(text)) {
    ++number;
    if (!starts_with(line, "#include")) {
      continue;
    }
    auto open = line.find_first_of("<\"");
    auto close = open == line.npos ? open : line.find_first_of(">\"", open + 1);
    if (close != line.npos) {
      result.push_back({number, std::string{line.substr(open + 1, close - open - 1)}});
    }
  }
  return result;
}

std::string resolve(const source_tree& tree, const std::string& from, const std::string& target) {
  auto beside = from.substr(0, from.rfind('/') + 1) + target;
  for (const auto& candidate : {target, "include/" + target, beside}) {
    if (is_cpp(candidate) && tree.count(candidate) != 0) {
      return candidate;
    }
  }
  return {};
}

bool is_header_of(std::string_view target, std::string_view header) {
  return ends_with(header, "/") ? starts_with(target, header) : target == header;
}

std::vector<std::string> way_to(const source_tree& tree, const std::string& from, std::string_view header) {
  std::map<std::string, std::string> parent{{from, ""}};
  std::deque<std::string> open{from};
  while (!open.empty()) {
    auto path = open.front();
    open.pop_front();
    for (const auto& include : includes_of(tree.at(path))) {
      auto file = resolve(tree, path, include.target);
      if (file.empty() && is_header_of(include.target, header)) {
        std::vector<std::string> way{include.target};
        for (auto at = path; !at.empty(); at = parent[at]) {
          way.insert(way.begin(), at);
        }
        return way;
      }
      if (!file.empty() && parent.emplace(file, path).second) {
        open.push_back(file);
      }
    }
  }
  return {};
}

std::vector<std::string> files_reached(const source_tree& tree, const std::string& from) {
  std::vector<std::string> result{from};
  std::set<std::string> seen{from};
  for (std::size_t i = 0; i < result.size(); ++i) {
    auto path = result[i];
    for (const auto& include : includes_of(tree.at(path))) {
      auto file = resolve(tree, path, include.target);
      if (!file.empty() && seen.insert(file).second) {
        result.push_back(file);
      }
    }
  }
  return result;
}

std::string complaint(const std::string& path, int line, const std::string& text) {
  return path + (line > 0 ? ":" + std::to_string(line) : "") + ": " + text;
}

std::string to_text(const complaints& all) {
  std::string result;
  for (const auto& each : all) {
    result += "\n  " + each;
  }
  return result;
}

} // namespace tidy
