#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"
#include "test/support/temp_dir.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// Ten processes: sessions of their own, double forks, all of which ignore TERM. Says "up" when all are there.
exec::launch stubborn(const std::string& end = "sleep 1000") {
  auto what = shell("trap '' TERM INT HUP; for i in 1 2 3; do setsid sh -c '(sleep 1000 & sleep 1000) & sleep 1000' & "
                    "done; until test $(grep -lz \"^DJM_RUN=$DJM_RUN$\" /proc/[0-9]*/environ 2>/dev/null | wc -l) -ge "
                    "13; do sleep 0.02; done; echo up >&3; " +
                    end);
  return what;
}

/// Which of them there are, held so that the numbers cannot come to mean others.
class census {
public:
  explicit census(const std::string& run) {
    for (const auto pid : processes_of(run)) {
      if (const auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); fd >= 0) {
        held_.push_back(fd);
      }
    }
  }
  census(const census&) = delete;
  census& operator=(const census&) = delete;
  ~census() {
    for (const int fd : held_) {
      close(fd);
    }
  }

  std::size_t size() const { return held_.size(); }
  std::size_t alive() const {
    std::size_t n = 0;
    for (const int fd : held_) {
      pollfd p{fd, POLLIN, 0};
      n += poll(&p, 1, 0) == 0 ? 1 : 0;
    }
    return n;
  }
  bool all_die() const {
    return comes_true([this] { return alive() == 0; });
  }

private:
  std::vector<int> held_;
};

/// A process of its own with a launcher and one stubborn command, as a node that can be stopped and killed.
class other_node {
public:
  /// `lease` counts from when its command is up; zero: there is none.
  other_node(containment rank, std::chrono::nanoseconds lease, const std::string& run_folder = {}) {
    int name[2];
    REQUIRE(pipe2(name, O_CLOEXEC) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      close(name[0]);
      try {
        be_the_node(rank, lease, run_folder, name[1]);
      } catch (...) { // a requirement that failed must not go on with the other cases here
        _exit(3);
      }
    }
    close(name[1]);
    char text[64];
    const auto n = read(name[0], text, sizeof text);
    close(name[0]);
    REQUIRE(n > 0);
    run_.assign(text, static_cast<std::size_t>(n));
  }
  other_node(const other_node&) = delete;
  other_node& operator=(const other_node&) = delete;
  ~other_node() {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void signal(int number) const { ::kill(pid_, number); }
  pid_t pid() const { return pid_; }
  bool is_zombie() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
  }
  const std::string& run() const { return run_; }

private:
  [[noreturn]] static void be_the_node(containment rank, std::chrono::nanoseconds lease, const std::string& run_folder,
                                       int told) {
    auto o = test_launcher(rank);
    o.run_folder = run_folder;
    const auto by = open_launcher(o);
    auto what = stubborn();
    what.what.grace = std::chrono::nanoseconds{run_folder.empty() ? 200ms : 60s}.count();
    const auto c = start_command(by, what);
    c.log->lines(1);
    if (lease > 0s) {
      c.run->lease_changed(boot_in(lease));
    }
    const auto run = c.run->name();
    [[maybe_unused]] const auto n = write(told, run.data(), run.size());
    while (true) {
      pause();
    }
  }

  pid_t pid_ = 0;
  std::string run_;
};

} // namespace

TEST_CASE(
  "containment: TERM and KILL reach sessions, double forks and what ignores TERM, and the end is told after it") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    auto c = start_command(by, stubborn());
    c.log->lines(1);
    const census all{c.run->name()};
    CHECK(all.size() >= 13);
    c.run->stop(100ms);
    const auto end = c.log->end();
    CHECK(all.alive() == 0);
    CHECK(end.rest.killed);
    CHECK(end.rest.why == exec::ending::asked);
    CHECK_FALSE(end.helper_lost);
    CHECK(by->status().killed == 1);
  }
}

TEST_CASE(
  "containment: the end of the main process decides, and what it leaves behind is ended before the end is told") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const temp_dir dir;
    const auto go = (dir.path() / "go").string();
    const auto by = open_launcher(test_launcher(rank));
    auto c = start_command(by, shell("setsid sh -c 'sleep 1000 & sleep 1000 & echo up >&3; wait' & "
                                     "until test -e " +
                                     go + "; do sleep 0.02; done; exit 5"));
    c.log->lines(1);
    const census all{c.run->name()};
    CHECK(all.size() >= 4);
    std::ofstream{go} << "go";
    const auto end = c.log->end();
    CHECK(all.alive() == 0);
    REQUIRE(end.how);
    CHECK(end.how->code == 5);
    CHECK(end.rest.left_over);
    CHECK_FALSE(end.rest.killed); // TERM was enough
    CHECK(by->status().left_over == 1);
  }
}

TEST_CASE("containment: a helper that is killed takes all with it, where a cgroup or a namespace holds them") {
  for (const auto rank : ranks_here()) {
    if (rank == containment::subreaper) {
      continue;
    }
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    auto c = start_command(by, stubborn());
    c.log->lines(1);
    const census all{c.run->name()};
    ::kill(only_child(), SIGKILL);
    const auto end = c.log->end();
    CHECK(all.alive() == 0);
    CHECK(end.helper_lost);
    CHECK(by->status().helpers_lost == 1);
    CHECK(by->status().containment_lost == 0);
    CHECK(comes_true([&] { return by->status().running == 0; }));
  }
  CHECK(children_of_this_process() == 0);
}

TEST_CASE("containment: what subreaper cannot hold is swept by its environment, shown as lost, and its run goes on") {
  const auto by = open_launcher(test_launcher(containment::subreaper));
  auto c = start_command(by, stubborn());
  c.log->lines(1);
  const census all{c.run->name()};
  ::kill(only_child(), SIGKILL);
  CHECK(c.log->lost());
  CHECK(all.all_die());
  CHECK(by->status().containment_lost == 1);
  CHECK_FALSE(c.log->has_ended());
}

TEST_CASE("containment: a process that is given orphans holds them by subreaper as well, also those without a name") {
  {
    auto o = test_launcher(containment::subreaper);
    o.adopt_orphans = true;
    const auto by = open_launcher(o);
    auto c =
      start_command(by, shell("setsid sleep 1000 & "
                              "setsid env -i /bin/sh -c 'trap \"\" TERM; echo up >&3; sleep 1000' & sleep 1000"));
    c.log->lines(1);
    ::kill(only_child(), SIGKILL);
    const auto end = c.log->end();
    CHECK(end.helper_lost);
    CHECK(by->status().containment_lost == 0);
    CHECK(processes_of(c.run->name()).empty());
    CHECK(comes_true([] { return children_of_this_process() == 0; }));
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

TEST_CASE("containment: a helper that is stopped is killed with its command when the lease ends") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    auto o = test_launcher(rank);
    o.kill_reserve = 400ms;
    const auto by = open_launcher(o);
    auto c = start_command(by, stubborn(), boot_in(60s));
    c.log->lines(1);
    const census all{c.run->name()};
    ::kill(only_child(), SIGSTOP);
    const auto deadline = boot_in(1500ms);
    c.run->lease_changed(deadline);
    CHECK(all.alive() == all.size());
    CHECK(all.all_die());
    if (rank == containment::subreaper) {
      CHECK(c.log->lost());
    } else {
      CHECK(c.log->end().helper_lost);
    }
    MESSAGE("stopped helper, dead ", (deadline.time_since_epoch().count() - exec::boot_nanoseconds()) / 1000000,
            " ms before the deadline");
  }
}

TEST_CASE("containment: a node that is killed, and one that is stopped until its lease ends, leave nothing") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    {
      const other_node node{rank, 0s};
      const census all{node.run()};
      CHECK(all.size() >= 13);
      node.signal(SIGKILL);
      CHECK(all.all_die());
    }
    {
      const other_node node{rank, 2s};
      const census all{node.run()};
      node.signal(SIGSTOP);
      CHECK(all.all_die());
    }
  }
}

TEST_CASE("containment: a process that comes after one that was killed begins when nothing of that is left") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const temp_dir folder;
    auto o = test_launcher(rank);
    o.run_folder = folder.path().string();
    const other_node node{rank, 0s, o.run_folder};
    const census all{node.run()};
    CHECK(all.size() >= 13);
    const auto taken = launcher::open(o);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().text.find("is another process's") != std::string::npos);
    node.signal(SIGKILL);
    REQUIRE(comes_true([&] { return kill(node.pid(), 0) != 0 || node.is_zombie(); }));
    CHECK(all.alive() > 0); // they have a minute
    const auto by = open_launcher(o);
    CHECK(all.alive() == 0);
    CHECK(end_of_command(by, shell("exit 3")).how->code == 3);
    CHECK(comes_true([&] { return entries_of(o.run_folder.c_str()) == 1; })); // that it is ours
  }
}
