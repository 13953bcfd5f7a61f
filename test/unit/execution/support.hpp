#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "execution/launcher/launching.hpp"
#include "execution/launcher/sweep.hpp"
#include "execution/wire/lifeline.hpp"

namespace djm::test {

using namespace std::chrono_literals;

/// Wide enough for a busy machine; a test that meets it has failed.
constexpr std::chrono::seconds execution_patience{60};

inline bool comes_true(const std::function<bool()>& f, std::chrono::nanoseconds patience = execution_patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!f()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

inline time_point boot_in(std::chrono::nanoseconds d) {
  return time_point{std::chrono::nanoseconds{exec::boot_nanoseconds()} + d};
}

/// Writes down what becomes of a command.
class command_log final : public exec::command_listener {
public:
  void on_line(const exec::line& l) override {
    std::lock_guard<std::mutex> guard{mutex_};
    lines_.push_back(l);
    changed_.notify_all();
  }
  void on_lost() override {
    std::lock_guard<std::mutex> guard{mutex_};
    lost_ = true;
    changed_.notify_all();
  }
  void on_end(const exec::command_end& end) override {
    std::lock_guard<std::mutex> guard{mutex_};
    CHECK_FALSE(end_.has_value());
    end_ = end;
    changed_.notify_all();
  }

  exec::command_end end() {
    std::unique_lock<std::mutex> lock{mutex_};
    REQUIRE(changed_.wait_for(lock, execution_patience, [this] { return end_.has_value(); }));
    return *end_;
  }
  bool has_ended() const {
    std::lock_guard<std::mutex> guard{mutex_};
    return end_.has_value();
  }
  bool lost() {
    std::unique_lock<std::mutex> lock{mutex_};
    return changed_.wait_for(lock, execution_patience, [this] { return lost_; });
  }
  /// The first so many lines.
  std::vector<std::string> lines(std::size_t n) {
    std::unique_lock<std::mutex> lock{mutex_};
    REQUIRE(changed_.wait_for(lock, execution_patience, [&] { return lines_.size() >= n; }));
    std::vector<std::string> result;
    for (const auto& l : lines_) {
      result.push_back(l.cut ? "(cut) " + l.text.substr(0, 10) : l.text);
    }
    return result;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<exec::line> lines_;
  std::optional<exec::command_end> end_;
  bool lost_ = false;
};

inline launcher_options test_launcher(containment most = containment::cgroup) {
  launcher_options o;
  o.helper = DJM_RUN;
  o.most = most;
  return o;
}

inline std::shared_ptr<launcher> open_launcher(launcher_options o) {
  auto l = launcher::open(std::move(o));
  if (!l) {
    FAIL(to_string(l.error()));
  }
  return *l;
}

inline exec::launch to_launch(std::vector<std::string> program) {
  exec::launch l;
  l.what.program = std::move(program);
  l.what.environment = {"PATH=/usr/bin:/bin"};
  l.what.grace = std::chrono::nanoseconds{200ms}.count();
  return l;
}

inline exec::launch shell(const std::string& script) {
  return to_launch({"/bin/sh", "-c", script});
}

struct started_command {
  std::shared_ptr<exec::command_run> run;
  std::shared_ptr<command_log> log = std::make_shared<command_log>();
};

inline started_command start_command(const std::shared_ptr<launcher>& by, exec::launch what,
                                     time_point deadline = time_point::max()) {
  started_command c;
  auto run = exec::prepare_command(by->inside(), std::move(what), c.log);
  REQUIRE(run);
  c.run = *run;
  c.run->lease_changed(deadline);
  auto ok = c.run->start();
  if (!ok) {
    FAIL(to_string(ok.error()));
  }
  return c;
}

/// Runs it to its end.
inline exec::command_end end_of_command(const std::shared_ptr<launcher>& by, exec::launch what) {
  return start_command(by, std::move(what)).log->end();
}

/// Processes of this run, the helper is none of them.
inline std::vector<pid_t> processes_of(const std::string& run) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) {
      continue;
    }
    std::ifstream in{entry.path() / "environ", std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (exec::has_entry(text, "DJM_RUN=" + run)) {
      found.push_back(std::stoi(name));
    }
  }
  return found;
}

inline std::vector<pid_t> child_ids() {
  std::vector<pid_t> all;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream in{task.path() / "children"};
    all.insert(all.end(), std::istream_iterator<int>{in}, std::istream_iterator<int>{});
  }
  return all;
}

inline std::size_t children_of_this_process() {
  return child_ids().size();
}

/// The helper that has a command: the only child of this process.
inline pid_t only_child() {
  std::vector<pid_t> all;
  comes_true([&] {
    all = child_ids();
    return all.size() == 1;
  });
  REQUIRE(all.size() == 1);
  return all.front();
}

inline std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(
    std::distance(std::filesystem::directory_iterator{folder}, std::filesystem::directory_iterator{}));
}

/// The ranks that this machine can do, the strongest last.
inline std::vector<containment> ranks_here() {
  std::vector<containment> all;
  for (const auto c : {containment::subreaper, containment::pidns, containment::cgroup}) {
    auto o = test_launcher(c);
    o.least = c;
    if (launcher::open(o)) {
      all.push_back(c);
    }
  }
  return all;
}

} // namespace djm::test
