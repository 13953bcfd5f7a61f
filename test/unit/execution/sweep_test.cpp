#include "execution/launcher/sweep.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace djm::exec;

namespace {

std::string environment_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/environ"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

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
  const auto run = "sweep-test-" + std::to_string(getpid()) + "-";
  const auto start = [](std::string text) {
    pid_t pid = 0;
    std::string program = "/bin/sleep", seconds = "1000";
    char* arguments[] = {program.data(), seconds.data(), nullptr};
    char* environment[] = {text.data(), nullptr};
    REQUIRE(posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environment) == 0);
    return pid;
  };
  const auto one = start("DJM_RUN=" + run + "1"), two = start("DJM_RUN=" + run + "1"), other = start("DJM_RUN=" + run),
             third = start("DJM_RUN=" + run + "3");
  for (const auto pid : {one, two, other, third}) {
    // What has not executed its program yet has no environment of its own. Swept once: what was killed and has not had
    // the time to die would be found again.
    while (environment_of(pid).empty()) {
    }
  }
  const auto found = sweep_by_runs({run + "1", run + "2", run + "3"});
  CHECK(found == std::map<std::string, std::size_t>{{run + "1", 2}, {run + "3", 1}});
  int status = 0;
  CHECK(waitpid(third, &status, 0) == third);
  CHECK(waitpid(one, &status, 0) == one);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(waitpid(two, &status, 0) == two);
  CHECK(waitpid(other, &status, WNOHANG) == 0);
  CHECK(sweep_children({}) <= 1);
  while (sweep_children({}) > 0) {
  }
  CHECK(waitpid(other, &status, WNOHANG) < 0);
}
