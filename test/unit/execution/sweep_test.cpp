#include "execution/launcher/sweep.hpp"

#include <doctest/doctest.h>

#include <string>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace djm::exec;

TEST_CASE("sweep: an entry is a whole one, wherever it stands") {
  const std::string environment{"A=1\0DJM_RUN=ab\0B=\0", 18};
  CHECK(has_entry(environment, "DJM_RUN=ab"));
  CHECK(has_entry(environment, "A=1"));
  CHECK(has_entry(environment, "B="));
  CHECK_FALSE(has_entry(environment, "DJM_RUN=a"));
  CHECK_FALSE(has_entry(environment, "RUN=ab"));
  CHECK(has_entry("DJM_RUN=ab", "DJM_RUN=ab"));
  CHECK_FALSE(has_entry("", "DJM_RUN=ab"));
}

TEST_CASE("sweep: kills those with the entry and no others") {
  // Others may run this test on the same machine.
  const auto entry = "DJM_RUN=sweep-test-" + std::to_string(getpid()) + "-";
  const auto start = [](std::string text) {
    pid_t pid = 0;
    std::string program = "/bin/sleep", seconds = "1000";
    char* arguments[] = {program.data(), seconds.data(), nullptr};
    char* environment[] = {text.data(), nullptr};
    REQUIRE(posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environment) == 0);
    return pid;
  };
  const auto one = start(entry + "1"), two = start(entry + "1"), other = start(entry);
  std::size_t found = 0;
  while (found < 2) { // what has not executed its program yet has our environment
    found += sweep_by_entry(entry + "1");
  }
  int status = 0;
  CHECK(waitpid(one, &status, 0) == one);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(waitpid(two, &status, 0) == two);
  CHECK(waitpid(other, &status, WNOHANG) == 0);
  CHECK(sweep_children({}) <= 1);
  while (sweep_children({}) > 0) {
  }
  CHECK(waitpid(other, &status, WNOHANG) < 0);
}
