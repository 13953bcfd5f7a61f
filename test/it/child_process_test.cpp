#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>

#include "child_process.hpp"

using djm::test::child_process;
using namespace std::chrono_literals;

namespace {

child_process shell(const std::string& script) {
  return child_process{{{"sh", "-c", script}, {"DJM_TEST=hello"}, {}, {}, {}}};
}

} // namespace

TEST_CASE("a child tells its output, its exit code and its environment") {
  auto child = shell("echo one; echo $DJM_TEST; printf rest; exit 7");
  CHECK(child.read_line(30s) == "one");
  CHECK(child.read_line(30s) == "hello");
  CHECK(child.read_rest(30s) == "rest");
  CHECK(child.wait(30s) == 7);
  CHECK_FALSE(child.running());
}

TEST_CASE("a child reads what we write until we close its input") {
  auto child = shell("cat");
  child.write_input("line\n");
  CHECK(child.read_line(30s) == "line");
  CHECK(child.running());
  child.close_input();
  CHECK(child.wait(30s) == 0);
}

TEST_CASE("a killed child has ended when kill returns") {
  auto child = shell("exec sleep 1000");
  REQUIRE(child.running());
  child.kill();
  CHECK_FALSE(child.running());
  CHECK(child.wait(0s) == 128 + SIGKILL);
}

TEST_CASE("a paused child goes on when it is resumed") {
  auto child = shell("while read x; do echo $x; done");
  child.pause();
  child.write_input("later\n");
  CHECK_FALSE(child.read_line(100ms));
  child.resume();
  CHECK(child.read_line(30s) == "later");
}

TEST_CASE("a child dies with its object and with the process that started it") {
  pid_t pid = 0;
  {
    auto child = shell("exec sleep 1000");
    pid = child.pid();
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a command that does not exist is an error that names it") {
  try {
    child_process child{{{"/no/such/program"}, {}, {}, {}, {}}};
    FAIL("started");
  } catch (const std::runtime_error& error) {
    CHECK(std::string{error.what()} == "cannot run /no/such/program: No such file or directory");
  }
}
