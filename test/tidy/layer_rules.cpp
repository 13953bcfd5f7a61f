#include "test/tidy/layer_rules.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace tidy {

namespace {

const std::map<std::string, std::set<std::string>>& arrows() {
  static const std::map<std::string, std::set<std::string>> table = {
    {"api", {"api"}},
    {"model", {"api", "model"}},
    {"calendar", {"api", "model", "calendar"}},
    {"metrics", {"api", "metrics"}},
    {"history", {"api", "history"}},
    {"execution", {"api", "model", "execution"}},
    {"http", {"api", "model", "part", "http"}},
    {"strategies", {"api", "model", "strategies"}},
    {"store", {"api", "model", "store"}},
    {"zookeeper", {"api", "model", "store", "zookeeper"}},
    {"core", {"api", "model", "strategies", "store", "core", "part"}},
    {"part", {"api", "model", "strategies", "store", "zookeeper", "core", "actors", "part"}},
    {"actors", {"api", "model", "strategies", "store", "zookeeper", "core", "actors", "part"}},
    {"simulation", {"api", "model", "store", "actors", "simulation"}},
    {"kit", {"api", "model", "store", "actors", "simulation", "kit"}},
    {"samples", {"api", "kit", "samples"}},
    {"tools",
     {"api", "model", "strategies", "store", "zookeeper", "core", "actors", "part", "http", "execution", "tools"}},
    {"bench",
     {"api", "model", "strategies", "store", "zookeeper", "core", "actors", "part", "simulation", "kit", "bench",
      "execution", "test"}},
    {"test",
     {"api", "model", "calendar", "strategies", "store", "zookeeper", "core", "actors", "part", "simulation", "kit",
      "samples", "tools", "metrics", "history", "http", "execution", "test"}},
  };
  return table;
}

std::string stem_of(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  return std::string{name.substr(0, name.find('.'))};
}

std::string join(const std::vector<std::string>& way) {
  std::string result;
  for (const auto& step : way) {
    result += (result.empty() ? "" : " -> ") + step;
  }
  return result;
}

/// The default log sink stamps lines with the wall clock and writes them: for people only, no decision reads it back.
bool is_log_sink(std::string_view path) {
  return ends_with(path, "log.cpp") || ends_with(path, "log.cpp.o");
}

} // namespace

std::string room_of(std::string_view path) {
  if (starts_with(path, "include/djm/test/") || starts_with(path, "testkit/")) {
    return "kit";
  }
  if (starts_with(path, "include/djm/")) {
    return "api";
  }
  if (starts_with(path, "zkstore/zookeeper/")) {
    return "zookeeper";
  }
  if (starts_with(path, "zkstore/")) {
    return "store";
  }
  if (starts_with(path, "actors/") && ends_with(stem_of(path), "_core")) {
    return "core";
  }
  if (starts_with(path, "actors/") && !starts_with(path, "actors/env/") && !starts_with(path, "actors/executor/") &&
      !ends_with(stem_of(path), "_shell")) {
    return "part";
  }
  auto folder = std::string{path.substr(0, path.find('/'))};
  return arrows().count(folder) != 0 ? folder : "";
}

complaints check_layers(const source_tree& tree) {
  complaints result;
  for (const auto& [path, text] : tree) {
    auto room = room_of(path);
    if (!is_cpp(path) || room.empty()) {
      continue;
    }
    for (const auto& include : includes_of(text)) {
      if (include.target.find("../") != include.target.npos) {
        result.push_back(complaint(path, include.line, include.target + " leads around the include path of the layer"));
      }
      auto file = resolve(tree, path, include.target);
      if (file.empty()) {
        auto looks_like_ours = !room_of(include.target).empty() || starts_with(include.target, "djm/");
        if (ends_with(include.target, ".hpp") && looks_like_ours) {
          result.push_back(complaint(path, include.line, include.target + " is not a file of the project"));
        }
        continue;
      }
      if (arrows().at(room).count(room_of(file)) == 0) {
        result.push_back(complaint(path, include.line, room + " must not include " + room_of(file) + ": " + file));
      }
    }
  }
  return result;
}

complaints check_zookeeper_seam(const source_tree& tree) {
  complaints result;
  for (const auto& [path, text] : tree) {
    auto room = room_of(path);
    if (!is_cpp(path) || room.empty() || room == "zookeeper" || room == "test") {
      continue;
    }
    auto way = way_to(tree, path, "zookeeper/");
    if (!way.empty()) {
      result.push_back(complaint(path, 0, "reaches ZooKeeper's headers: " + join(way)));
    }
  }
  return result;
}

complaints check_public_headers(const source_tree& tree) {
  // Two libraries that both add to a foreign namespace cannot be used together.
  static const std::regex opens_caf{R"(\bnamespace\s+caf\b)"};
  complaints result;
  for (const auto& [path, text] : tree) {
    if (!starts_with(path, "include/djm/") || !is_header(path)) {
      continue;
    }
    for (const auto* hidden : {"zookeeper/", "nlohmann/", "fmt/", "doctest/"}) {
      auto way = way_to(tree, path, hidden);
      if (!way.empty()) {
        result.push_back(complaint(path, 0, "a public header must not need " + join(way)));
      }
    }
    if (std::regex_search(code_of(text), opens_caf)) {
      result.push_back(complaint(path, 0, "a public header must not open namespace caf"));
    }
    for (const auto& include : includes_of(text)) {
      auto file = resolve(tree, path, include.target);
      if (!file.empty() && !starts_with(file, "include/djm/")) {
        result.push_back(
          complaint(path, include.line, "a public header must not include " + file + ", which is not installed"));
      }
    }
  }
  return result;
}

complaints check_purity(const source_tree& tree, const std::vector<std::string>& model_sources) {
  static const char* const headers[] = {"caf/",      "zookeeper/", "thread",    "mutex",    "shared_mutex",
                                        "semaphore", "future",     "iostream",  "unistd.h", "condition_variable",
                                        "pthread.h", "sys/time.h", "stop_token"};
  static const std::regex words{R"(\bstd::(thread|jthread|mutex|shared_mutex|condition_variable|async|future)\b)"
                                R"(|\bstd::(this_thread|cout|cerr|clog)\b|\brandom_device\b|\bcaf::)"
                                R"(|\b(steady|system|high_resolution)_clock::now\b|\b(clock_gettime|gettimeofday)\b)"
                                R"(|\bs?rand\s*\(|\b(secure_)?getenv\s*\()"};
  complaints result;
  std::set<std::string> pure{model_sources.begin(), model_sources.end()};
  for (const auto& [path, text] : tree) {
    auto room = room_of(path);
    if (is_cpp(path) &&
        (room == "core" || room == "strategies" || (room == "store" && ends_with(stem_of(path), "_core")))) {
      if (ends_with(path, ".cpp") && pure.count(path) == 0) {
        result.push_back(complaint(path, 0, "is pure by name but not a source of djm_model"));
      }
      pure.insert(path);
    }
  }
  std::set<std::string> words_of;
  for (const auto& path : pure) {
    if (is_log_sink(path)) {
      continue;
    }
    auto reached = files_reached(tree, path);
    words_of.insert(reached.begin(), reached.end());
    std::set<std::string> targets;
    for (const auto& file : reached) {
      for (const auto& include : includes_of(tree.at(file))) {
        targets.insert(include.target);
      }
    }
    for (const auto* header : headers) {
      auto hit = std::any_of(targets.begin(), targets.end(), [&](const auto& t) { return is_header_of(t, header); });
      if (hit) {
        result.push_back(complaint(path, 0, "pure code must not reach " + join(way_to(tree, path, header))));
      }
    }
  }
  for (const auto& path : words_of) {
    auto code = code_of(tree.at(path));
    int number = 0;
    for (auto line : lines_of(code)) {
      ++number;
      std::cmatch match;
      if (std::regex_search(line.data(), line.data() + line.size(), match, words)) {
        result.push_back(complaint(path, number, "pure code must not use " + match.str()));
      }
    }
  }
  return result;
}

complaints check_symbols(std::string_view listing) {
  static const std::regex symbols{R"( [Uw] (caf::.*|zoo_.*|zookeeper_.*|pthread_.*|std::thread::.*|std::mutex::.*)"
                                  R"(|std::condition_variable.*|std::random_device.*|std::chrono::.*_clock::now.*)"
                                  R"(|(s?rand|(secure_)?getenv|clock_gettime|gettimeofday|time|(nano)?sleep)(@.*)?)$)"};
  complaints result;
  std::string object;
  for (auto line : lines_of(listing)) {
    if (ends_with(line, ".o:")) {
      object = std::string{line.substr(0, line.size() - 1)};
    }
    std::cmatch match;
    if (!is_log_sink(object) && std::regex_search(line.data(), line.data() + line.size(), match, symbols)) {
      result.push_back(complaint(object, 0, "needs " + match[1].str()));
    }
  }
  return result;
}

} // namespace tidy
