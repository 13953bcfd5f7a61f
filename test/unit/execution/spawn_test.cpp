#include <csignal>
#include <set>

#include <pthread.h>
#include <unistd.h>

#include "support.hpp"

using namespace djm;
using namespace djm::test;

namespace {

std::string output_of(const std::shared_ptr<launcher>& by, exec::launch what) {
  const auto end = end_of_command(by, std::move(what));
  REQUIRE(end.how);
  CHECK_FALSE(end.how->signalled);
  CHECK(end.how->code == 0);
  return end.rest.tail;
}

std::string field_of(const std::string& status, const std::string& name) {
  const auto at = status.find(name + ":");
  REQUIRE(at != status.npos);
  const auto begin = status.find_first_not_of(" \t", at + name.size() + 1);
  return status.substr(begin, status.find('\n', begin) - begin);
}

} // namespace

TEST_CASE("spawn: a command has descriptors 0 to 3 and no others, at each rank and whatever this process holds") {
  int held[2];
  REQUIRE(pipe(held) == 0); // without close-on-exec
  const int high = dup2(held[0], 200);
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    // The last one is the folder that is listed.
    CHECK(output_of(by, to_launch({"/bin/ls", "/proc/self/fd"})) == "0\n1\n2\n3\n4\n");
    CHECK(output_of(by, to_launch({"/bin/readlink", "/proc/self/fd/0"})) == "/dev/null\n");
  }
  for (const int fd : {held[0], held[1], high}) {
    close(fd);
  }
}

TEST_CASE("spawn: no signal is blocked or ignored, although this thread blocks some and this process ignores some") {
  sigset_t some, before;
  sigemptyset(&some);
  sigaddset(&some, SIGTERM);
  sigaddset(&some, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &some, &before);
  auto* const former = std::signal(SIGINT, SIG_IGN);
  auto* const former_pipe = std::signal(SIGPIPE, SIG_IGN);
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    const auto status = output_of(by, to_launch({"/bin/cat", "/proc/self/status"}));
    CHECK(field_of(status, "SigBlk") == "0000000000000000");
    CHECK(field_of(status, "SigIgn") == "0000000000000000");
    CHECK(field_of(status, "NoNewPrivs") == "1");
  }
  std::signal(SIGINT, former);
  std::signal(SIGPIPE, former_pipe);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("spawn: ends are told where SIGCHLD is ignored, and no zombie is left") {
  auto* const former = std::signal(SIGCHLD, SIG_IGN);
  {
    const auto by = open_launcher(test_launcher());
    const auto end = end_of_command(by, shell("exit 7"));
    REQUIRE(end.how);
    CHECK(end.how->code == 7);
  }
  std::signal(SIGCHLD, former);
  CHECK(comes_true([] { return children_of_this_process() == 0; }));
}

TEST_CASE("spawn: environment, session, folder, umask and limits are what was said, and nothing else") {
  const auto by = open_launcher(test_launcher());
  setenv("DJM_SECRET_OF_THE_NODE", "x", 1);
  auto what = to_launch({"/usr/bin/env"});
  what.what.environment = {"PATH=/bin", "A=b c"};
  auto text = output_of(by, what);
  unsetenv("DJM_SECRET_OF_THE_NODE");
  CHECK(text.find("PATH=/bin\nA=b c\nDJM_RUN=") == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);

  what = shell("pwd; umask; ulimit -n; ulimit -c; test $(ps -o sid= -p $$) = $$ && echo leads");
  what.what.folder = "/tmp";
  what.what.umask = 027;
  what.what.limits = {{7, 33}, {4, 0}}; // nofile, core
  CHECK(output_of(by, what) == "/tmp\n0027\n33\n0\nleads\n");
}

TEST_CASE("spawn: another user, with that one's groups alone" * doctest::skip(geteuid() != 0)) {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    auto what = shell("id -u; id -g; id -G");
    what.what.switch_user = true;
    what.what.uid = 65534;
    what.what.gid = 65533;
    what.what.groups = {65533, 1234};
    CHECK(output_of(by, what) == "65534\n65533\n65533 1234\n");
  }
}

TEST_CASE("spawn: what cannot be executed is refused with its reason, and nothing ran") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    const auto refusal = [&](exec::launch what) {
      const auto end = end_of_command(by, std::move(what));
      CHECK_FALSE(end.started);
      CHECK_FALSE(end.how);
      REQUIRE(end.why_not);
      return *end.why_not;
    };
    auto r = refusal(to_launch({"/no/such/program"}));
    CHECK(r.at == exec::stage::program);
    CHECK(r.error == ENOENT);
    r = refusal(to_launch({"no-such-program"}));
    CHECK(r.at == exec::stage::program);
    CHECK(r.error == ENOENT);
    r = refusal(to_launch({"/etc/passwd"}));
    CHECK(r.at == exec::stage::program);
    CHECK(r.error == EACCES);
    auto what = shell("true");
    what.what.folder = "/no/such/folder";
    r = refusal(what);
    CHECK(r.at == exec::stage::folder);
    CHECK(r.error == ENOENT);
    CHECK(by->status().refused == 4);
    CHECK(by->status().started == 0);
  }
  CHECK(comes_true([] { return children_of_this_process() == 0; }));
}

TEST_CASE("spawn: a program without a slash is looked for in the PATH that the command gets") {
  const auto by = open_launcher(test_launcher());
  auto what = to_launch({"true"});
  what.what.environment = {"PATH=/no/such:/bin"};
  CHECK(output_of(by, what).empty());
  what.what.environment = {"PATH=/no/such"};
  const auto end = end_of_command(by, what);
  REQUIRE(end.why_not);
  CHECK(end.why_not->error == ENOENT);
}
