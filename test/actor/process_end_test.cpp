#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "child_process.hpp"

using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Runs `static_node` until it ends by itself; what it ended with, or -1 when it had to be killed.
int end_of(const std::string& where) {
  process_options o;
  o.arguments = {(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "static_node").string(), where};
  child_process child{o};
  return child.wait(60s).value_or(-1);
}

} // namespace

TEST_CASE("a process with a node in static storage ends with its code, whoever calls exit, and wherever") {
  for (const char* where : {"return", "main", "thread", "thread_while_main_waits", "thread_while_main_handles_signals",
                            "run", "pool", "stop_callback", "listener", "log", "twice"}) {
    CAPTURE(where);
    CHECK(end_of(where) == 7);
  }
}
