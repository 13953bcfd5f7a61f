#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <future>
#include <stdexcept>

#include <sys/resource.h>
#include <sys/stat.h>

#include "support.hpp"
#include "test/support/temp_dir.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// Takes no second line before it is opened.
class slow_listener final : public exec::command_listener {
public:
  void on_line(const exec::line&) override {
    std::unique_lock<std::mutex> lock{mutex_};
    ++lines;
    changed_.wait(lock, [this] { return open_; });
  }
  void on_lost() override {}
  void on_end(const exec::command_end& end) override {
    ended = end.how && end.how->code == 0;
    over = true;
  }
  void open() {
    std::lock_guard<std::mutex> guard{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  std::atomic<bool> ended{false}, over{false};
  std::atomic<int> lines{0};

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Also where a requirement fails: a launcher waits for its listeners.
struct opened_at_last {
  slow_listener& which;
  ~opened_at_last() { which.open(); }
};

} // namespace

TEST_CASE("launcher: 300 runs of /bin/true leave descriptors, threads, processes and cgroups as they were") {
  const auto ranks = ranks_here();
  for (const auto rank : ranks) {
    CAPTURE(to_string(rank));
    const auto threads = entries_of("/proc/self/task");
    const auto descriptors = entries_of("/proc/self/fd");
    {
      const auto by = open_launcher(test_launcher(rank));
      const auto few = [&](int n) {
        for (int i = 0; i < n; ++i) {
          const auto end = end_of_command(by, to_launch({"/bin/true"}));
          REQUIRE(end.how);
          CHECK(end.how->code == 0);
          CHECK_FALSE(end.rest.left_over);
          CHECK_FALSE(end.rest.killed);
        }
        CHECK(comes_true([&] { return by->status().running == 0; }));
      };
      const int runs = rank == ranks.back() ? 300 : 60;
      few(30);
      const auto open_now = entries_of("/proc/self/fd"), threads_now = entries_of("/proc/self/task");
      few(runs - 30);
      CHECK(entries_of("/proc/self/fd") == open_now);
      CHECK(entries_of("/proc/self/task") == threads_now);
      CHECK(children_of_this_process() == 0);
      CHECK(by->status().started == static_cast<std::uint64_t>(runs));
      CHECK(by->status().ended == static_cast<std::uint64_t>(runs));
      CHECK(by->status().helpers_lost == 0);
    }
    CHECK(comes_true([&] { return entries_of("/proc/self/task") <= threads; }));
    CHECK(entries_of("/proc/self/fd") <= descriptors);
  }
}

TEST_CASE("launcher: two hundred commands live at once") {
  auto o = test_launcher();
  o.max_commands = 200;
  const auto by = open_launcher(o);
  std::vector<started_command> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(start_command(by, to_launch({"/bin/sleep", "1000"})));
  }
  CHECK(comes_true([&] { return by->status().started == 200; }));
  const auto one_more = exec::prepare_command(by->inside(), to_launch({"/bin/true"}), std::make_shared<command_log>());
  REQUIRE_FALSE(one_more);
  CHECK(one_more.error().code == errc::backlog_full);
  for (auto& c : all) {
    c.run->stop(10s);
  }
  for (auto& c : all) {
    const auto end = c.log->end();
    REQUIRE(end.how);
    CHECK(end.how->signalled);
    CHECK(end.how->code == SIGTERM);
    CHECK(end.rest.why == exec::ending::asked);
  }
}

TEST_CASE("launcher: lines on descriptor 3 arrive in their order before the end, a long one cut") {
  const auto by = open_launcher(test_launcher());
  auto c = start_command(by, shell("echo one >&3; echo >&3; echo two >&3; head -c 200000 /dev/zero | tr '\\0' x >&3; "
                                   "echo >&3; printf three >&3"));
  CHECK(c.log->end().how->code == 0);
  CHECK(c.log->lines(4) == std::vector<std::string>{"one", "two", "(cut) xxxxxxxxxx", "three"});
}

TEST_CASE("launcher: a flood of lines is bounded, and all of it arrives") {
  const auto by = open_launcher(test_launcher());
  auto c = start_command(by, shell("seq 1 50000 >&3"));
  CHECK(c.log->end().how->code == 0);
  const auto lines = c.log->lines(50000);
  REQUIRE(lines.size() == 50000);
  CHECK(lines.back() == "50000");
}

TEST_CASE("launcher: who listens slowly keeps the command waiting, and neither memory nor a lease") {
  const temp_dir folder;
  const auto file = folder.path() / "done";
  const auto by = open_launcher(test_launcher());
  const auto listener = std::make_shared<slow_listener>();
  const opened_at_last opened{*listener};
  auto what = shell("seq 1 50000 >&3; touch " + file.string());
  const auto run = *exec::prepare_command(by->inside(), std::move(what), listener);
  run->lease_changed(boot_in(600s));
  REQUIRE(run->start());
  REQUIRE(comes_true([&] { return listener->lines == 1; }));
  run->lease_changed(boot_in(300s));
  run->settle(boot_in(60s)); // is acknowledged all the same
  CHECK(by->status().helpers_lost == 0);
  CHECK_FALSE(std::filesystem::exists(file));
  listener->open();
  CHECK(comes_true([&] { return listener->ended.load(); }));
  CHECK(listener->lines == 50000);
  CHECK(std::filesystem::exists(file));
}

TEST_CASE("launcher: input is a sealed file, output is kept in part, and in a file as long as that may grow") {
  const temp_dir folder;
  auto o = test_launcher();
  o.log_folder = folder.path().string();
  o.log_limit = 200000;
  const auto by = open_launcher(o);
  auto what = shell("cat; echo x >> /proc/self/fd/0 2>/dev/null; cat <&0; echo err >&2");
  what.input = "{\"a\": 1}\n";
  what.log_name = "mail/eu";
  const auto end = end_of_command(by, what);
  CHECK(end.rest.tail == "{\"a\": 1}\nerr\n");
  const auto path = folder.path() / "mail" / "eu.log";
  CHECK(std::filesystem::file_size(path) == end.rest.tail.size());
  what = shell("head -c 300000 /dev/zero | tr '\\0' y; echo last");
  what.log_name = "mail/eu";
  const auto much = end_of_command(by, what);
  CHECK(much.rest.tail.size() == exec::max_tail);
  CHECK(much.rest.tail.substr(exec::max_tail - 5) == "last\n");
  CHECK(std::filesystem::file_size(path) == 200000);
  CHECK(much.rest.dropped == 300005 + end.rest.tail.size() - 200000);
  what = shell("echo new");
  what.log_name = "mail/eu";
  CHECK(end_of_command(by, what).rest.dropped == 0);
  CHECK(std::filesystem::file_size(path) == 4);
  CHECK(std::filesystem::file_size(path.string() + ".1") == 200000);
}

TEST_CASE("launcher: all files of output together grow to log_total and no further, and what they drop is counted") {
  const temp_dir folder;
  const auto file = [&](const std::string& name) { return folder.path() / "mail" / name; };
  std::filesystem::create_directories(folder.path() / "mail");
  std::ofstream{file("old.log")} << std::string(5000, 'o');
  std::ofstream{file("not ours")} << std::string(50000, 'n');
  auto o = test_launcher();
  o.log_folder = folder.path().string();
  o.log_limit = 10000;
  o.log_total = 40000;
  const auto by = open_launcher(o);
  CHECK(by->status().log_bytes == 5000);
  std::vector<started_command> all;
  for (int i = 0; i < 8; ++i) {
    auto what = shell("head -c 9000 /dev/zero; head -c 1000 /dev/zero");
    what.log_name = "mail/" + std::to_string(i);
    all.push_back(start_command(by, std::move(what)));
  }
  std::uint64_t dropped = 0, written = 0;
  for (auto& c : all) {
    dropped += c.log->end().rest.dropped;
  }
  for (int i = 0; i < 8; ++i) {
    written += std::filesystem::file_size(file(std::to_string(i) + ".log"));
  }
  CHECK(written == 35000);
  CHECK(dropped == 45000);
  CHECK(by->status().log_bytes == 40000);
  CHECK(by->status().log_dropped == 45000);
  // What is full is put aside in place of what was before, which makes room for as much.
  std::ofstream{file("0.log")} << std::string(10000, 'f');
  std::ofstream{file("0.log.1")} << std::string(3000, 'f');
  auto what = shell("head -c 10000 /dev/zero");
  what.log_name = "mail/0";
  CHECK(end_of_command(by, what).rest.dropped == 7000);
  CHECK(std::filesystem::file_size(file("0.log")) == 3000);
  CHECK(std::filesystem::file_size(file("0.log.1")) == 10000);
}

TEST_CASE("launcher: who is not ready in time is stopped, who is in time goes on") {
  const auto by = open_launcher(test_launcher());
  auto what = shell("sleep 1000");
  what.ready_timeout = 50ms;
  const auto end = end_of_command(by, what);
  CHECK(end.not_ready);
  CHECK(end.rest.why == exec::ending::asked);
  what = shell("echo ready >&3; sleep 1000");
  what.ready_timeout = 30s;
  auto c = start_command(by, what);
  c.log->lines(1);
  c.run->ready();
  c.run->stop(10s);
  CHECK_FALSE(c.log->end().not_ready);
}

TEST_CASE("launcher: its end is the end of its commands") {
  started_command c;
  {
    const auto by = open_launcher(test_launcher());
    c = start_command(by, shell("trap '' TERM; echo up >&3; while :; do sleep 1; done"));
    c.log->lines(1);
  }
  CHECK(c.log->end().rest.killed);
  CHECK(processes_of(c.run->name()).empty());
  CHECK(children_of_this_process() == 0);
}

TEST_CASE("launcher: options out of range, and helpers that are none, are refused by name") {
  const auto why = [](const std::function<void(launcher_options&)>& change) {
    auto o = test_launcher();
    change(o);
    const auto l = launcher::open(o);
    REQUIRE_FALSE(l);
    return to_string(l.error());
  };
  CHECK(why([](auto& o) { o.kill_reserve = 99ms; }).find("kill_reserve is 99ms; it must be from 100ms") !=
        std::string::npos);
  CHECK(why([](auto& o) { o.max_commands = 0; }).find("max_commands is 0") != std::string::npos);
  CHECK(why([](auto& o) { o.log_folder = "logs"; }).find("log_folder is \"logs\"") != std::string::npos);
  CHECK(why([](auto& o) { o.run_folder = "run"; }).find("run_folder is \"run\"") != std::string::npos);
  CHECK(why([](auto& o) { o.log_limit = 1; }).find("log_limit is 1") != std::string::npos);
  CHECK(why([](auto& o) { o.log_total = 5; }).find("log_total is 5; it must be from log_limit") != std::string::npos);
  CHECK(why([](auto& o) {
          o.least = containment::cgroup;
          o.most = containment::pidns;
        }).find("least is cgroup") != std::string::npos);
  CHECK(why([](auto& o) { o.helper = "/no/such/helper"; }).find("/no/such/helper: No such file") != std::string::npos);
  CHECK(why([](auto& o) { o.helper = "/dev/null/helper"; }).find("/dev/null/helper: Not a directory") !=
        std::string::npos);
  CHECK(why([](auto& o) { o.helper = "/bin/true"; }).find("does not answer as djm-run") != std::string::npos);
  CHECK(why([](auto& o) {
          o.least = containment::cgroup;
          o.cgroup_folder = "/no/such/folder";
        }).find("cgroup: cannot make /no/such/folder/") != std::string::npos);
  CHECK(comes_true([] { return children_of_this_process() == 0; }));
}

TEST_CASE("launcher: the helper is opened once, and replacing its file changes nothing") {
  const temp_dir folder;
  const auto path = folder.path() / "djm-run";
  std::filesystem::copy_file(DJM_RUN, path);
  auto o = test_launcher();
  o.helper = path.string();
  const auto by = open_launcher(o);
  std::filesystem::remove(path);
  std::ofstream{path} << "#!/bin/sh\nexit 1\n";
  chmod(path.c_str(), 0755);
  CHECK(end_of_command(by, shell("exit 3")).how->code == 3);
}

TEST_CASE(
  "launcher: a helper that dies when nothing is left of its command, and it has lines to tell yet, loses these") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    auto o = test_launcher(rank);
    o.kill_reserve = 200ms;
    const auto by = open_launcher(o);
    const auto listener = std::make_shared<slow_listener>();
    const opened_at_last opened{*listener};
    const auto run = *exec::prepare_command(by->inside(), shell("seq 1 5000 >&3; exit 0"), listener);
    run->lease_changed(boot_in(600s));
    REQUIRE(run->start());
    REQUIRE(comes_true([&] { return listener->lines == 1; }));
    CHECK(by->status().started == 1); // what says something has started
    REQUIRE(comes_true([&] { return processes_of(run->name()).empty(); }));
    run->lease_changed(boot_in(300s));
    run->settle(boot_in(60s)); // what it has said before that has come, for the lifeline keeps the order
    ::kill(only_child(), SIGKILL);
    REQUIRE(comes_true([&] { return by->status().ended == 1; }));
    listener->open();
    CHECK(comes_true([&] { return listener->over.load(); }));
    CHECK(by->status().containment_lost == 0);
    CHECK(comes_true([&] { return by->status().running == 0; }));
  }
}

TEST_CASE("launcher: a limit of descriptors that is too small for us is none for the command") {
  const auto by = open_launcher(test_launcher());
  auto what = to_launch({"/bin/true"});
  what.what.limits[RLIMIT_NOFILE] = 8;
  const auto end = start_command(by, std::move(what)).log->end();
  REQUIRE(end.how);
  CHECK(end.how->code == 0);
}

TEST_CASE("launcher: a log that throws or blocks harms no command") {
  std::promise<void> ends;
  auto end = ends.get_future().share();
  auto o = test_launcher();
  o.log_folder = "/proc/nowhere"; // nothing can be kept there, which is logged
  o.log = [end](const log_record&) {
    end.wait();
    throw std::runtime_error{"no log today"};
  };
  {
    const auto by = open_launcher(o);
    for (int i = 0; i < 2; ++i) {
      auto what = shell("exit 0");
      what.log_name = "job/item";
      CHECK(start_command(by, std::move(what)).log->end().how->code == 0);
    }
    ends.set_value();
  }
}
