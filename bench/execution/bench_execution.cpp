// What starting a command costs: how long from the call to the program's first instruction, beside a bare posix_spawn,
// and whether anything is left over after many runs. Arguments: [RUNS [RANK]], 30,000 and the best rank by default.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution/launcher/launching.hpp"

namespace {

using namespace djm;

std::int64_t now() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

/// As a command: says when it began.
int stamp() {
  const auto text = std::to_string(now()) + "\n";
  return write(3, text.data(), text.size()) > 0 ? 0 : 1;
}

/// Waits for one command after the other.
class awaited final : public exec::command_listener {
public:
  void on_line(const exec::line& l) override { began = std::strtoll(l.text.c_str(), nullptr, 10); }
  void on_lost() override { std::abort(); }
  void on_end(const exec::command_end& end) override {
    std::lock_guard<std::mutex> guard{mutex_};
    ok = end.how && !end.how->signalled && end.how->code == 0;
    ended_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock<std::mutex> lock{mutex_};
    changed_.wait(lock, [this] { return ended_; });
  }

  std::int64_t began = 0;
  bool ok = false;

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

void require(bool ok, const char* what) {
  if (!ok) {
    std::fprintf(stderr, "bench_execution: %s\n", what);
    std::exit(1);
  }
}

std::shared_ptr<awaited> run(const std::shared_ptr<launcher>& by, std::vector<std::string> program) {
  auto heard = std::make_shared<awaited>();
  exec::launch what;
  what.what.program = std::move(program);
  what.what.grace = 1'000'000'000;
  auto command = exec::prepare_command(by->inside(), std::move(what), heard);
  require(command.has_value(), "no place for a command");
  (*command)->lease_changed(time_point::max());
  require((*command)->start().has_value(), "a command could not be started");
  heard->wait();
  require(heard->ok, "a command has failed");
  return heard;
}

std::int64_t spawn_bare(const char* self) {
  int ends[2];
  require(pipe(ends) == 0, "no pipe");
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], 3);
  std::string name = self, word = "--stamp";
  char* arguments[] = {name.data(), word.data(), nullptr};
  const auto before = now();
  pid_t pid = 0;
  require(posix_spawn(&pid, self, &files, nullptr, arguments, environ) == 0, "posix_spawn failed");
  char text[64] = {};
  require(read(ends[0], text, sizeof text - 1) > 0, "nothing came back");
  posix_spawn_file_actions_destroy(&files);
  waitpid(pid, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  return std::strtoll(text, nullptr, 10) - before;
}

void show(const char* what, std::vector<std::int64_t> all) {
  std::sort(all.begin(), all.end());
  const auto at = [&](double q) {
    return static_cast<double>(all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))]) / 1e6;
  };
  std::printf("figure: %s: p50 %.2f ms, p99 %.2f ms of %zu\n", what, at(0.5), at(0.99), all.size());
}

std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(
    std::distance(std::filesystem::directory_iterator{folder}, std::filesystem::directory_iterator{}));
}

struct snapshot {
  std::size_t descriptors = entries_of("/proc/self/fd");
  std::size_t threads = entries_of("/proc/self/task");
  std::size_t children = [] {
    std::size_t n = 0;
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
      std::ifstream in{task.path() / "children"};
      n += static_cast<std::size_t>(std::distance(std::istream_iterator<int>{in}, std::istream_iterator<int>{}));
    }
    return n;
  }();
  long memory_kb = [] {
    std::ifstream in{"/proc/self/statm"};
    long size = 0, resident = 0;
    in >> size >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
  }();

  void print(const char* when) const {
    std::printf("figure: %s: %ld kB, %zu descriptors, %zu threads, %zu children\n", when, memory_kb, descriptors,
                threads, children);
  }
};

void wait_until_quiet(const std::shared_ptr<launcher>& by) {
  while (by->status().running > 0) {
    usleep(1000);
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--stamp") == 0) {
    return stamp();
  }
  const auto runs = argc > 1 ? std::atoi(argv[1]) : 30000;
  require(runs >= 10, "usage: bench_execution [RUNS [subreaper|pidns|cgroup]], 10 runs at least");
  launcher_options o;
  o.helper = DJM_RUN;
  if (argc > 2) {
    const auto rank = enum_value<containment>(argv[2]);
    require(rank.has_value(), "no such rank");
    o.most = o.least = *rank;
  }
  const auto by = launcher::open(o);
  require(by.has_value(), by ? "" : by.error().text.c_str());
  const auto self = std::filesystem::canonical("/proc/self/exe").string();

  std::vector<std::int64_t> bare, command;
  for (int i = 0; i < 500; ++i) {
    bare.push_back(spawn_bare(self.c_str()));
    const auto before = now();
    command.push_back(run(*by, {self, "--stamp"})->began - before);
  }
  std::printf("figure: commands are held by %s\n", to_string((*by)->held_by()).c_str());
  show("spawn to first instruction, posix_spawn", bare);
  show("spawn to first instruction, command", command);

  const auto begin = now();
  snapshot tenth;
  for (int i = 0; i < runs; ++i) {
    run(*by, {"/bin/true"});
    if (i + 1 == runs / 10) {
      wait_until_quiet(*by);
      tenth = snapshot{};
    }
  }
  wait_until_quiet(*by);
  const snapshot end;
  std::printf("figure: %d runs of /bin/true, one after the other: %.2f ms each\n", runs,
              static_cast<double>(now() - begin) / 1e6 / runs);
  tenth.print("after a tenth");
  end.print("at the end");
  require(end.descriptors == tenth.descriptors && end.threads == tenth.threads && end.children == tenth.children,
          "something is left over");
  require(end.memory_kb * 100 <= tenth.memory_kb * 105, "memory has grown by more than 5 %");
  return 0;
}
