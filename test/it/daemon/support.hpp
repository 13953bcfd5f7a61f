#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "child_process.hpp"
#include "temp_dir.hpp"

namespace djm::test {

using namespace std::chrono_literals;

inline bool comes_true(const std::function<bool()>& f, std::chrono::seconds patience = 60s) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!f()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream in{content_of(path)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// Folder, files and processes of one test.
class daemon_rig {
public:
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  /// A file for djmd with the tables that every test has.
  std::string write(const std::string& name, const std::string& id, const std::string& rest) const {
    const auto file = path(name);
    std::ofstream{file} << "[node]\nid = \"" << id << "\"\nstop_grace = \"500ms\"\n"
                        << "[commands]\nhelper = \"" << DJM_RUN << "\"\nrun_folder = \"" << path("run-" + id).string()
                        << "\"\nkill_reserve = \"300ms\"\n"
                        << rest;
    return file.string();
  }
  child_process start(const std::vector<std::string>& arguments, const std::string& errors) const {
    process_options o;
    o.arguments = {DJMD};
    o.arguments.insert(o.arguments.end(), arguments.begin(), arguments.end());
    o.error_file = path(errors).string();
    return child_process{o};
  }

private:
  temp_dir folder_;
};

} // namespace djm::test
