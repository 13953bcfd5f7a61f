#include "actors/env/history_writer.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/run_context.hpp"
#include "djm/json.hpp"
#include "djm/text.hpp"

namespace djm {

// -- the thread ---------------------------------------------------------------------

struct history_writer::state {
  struct sink {
    history_sink f;
    bool complained = false;
  };

  mutable std::mutex mutex;
  /// A run has come, or the end.
  std::condition_variable more;
  /// The thread has ended.
  std::condition_variable done;
  std::deque<past_run> runs;
  std::uint64_t dropped = 0;
  bool stopped = false;
  bool abandoned = false;
  bool ended = false;
  /// Of the thread alone.
  std::vector<sink> sinks;
  std::function<void(const std::string&)> complain;
  std::thread thread;

  void hand_over(const past_run& run) {
    for (auto& s : sinks) {
      std::string text;
      if (throws([&] { s.f(run); }, text) && !std::exchange(s.complained, true) && complain) {
        complain("a sink of the history threw (said once): " + text);
      }
    }
  }
};

history_writer::history_writer(std::vector<history_sink> sinks, std::function<void(const std::string&)> complain)
  : state_(std::make_shared<state>()) {
  for (auto& s : sinks) {
    state_->sinks.push_back({std::move(s), false});
  }
  state_->complain = std::move(complain);
  const std::lock_guard<std::mutex> guard{state_->mutex};
  state_->thread = std::thread{[s = state_] { run(s); }};
}

history_writer::~history_writer() {
  stop(std::chrono::seconds{1});
}

void history_writer::post(const past_run& run) {
  const std::lock_guard<std::mutex> guard{state_->mutex};
  if (state_->stopped || state_->runs.size() >= most_waiting) {
    ++state_->dropped;
    return;
  }
  state_->runs.push_back(run);
  state_->more.notify_one();
}

std::uint64_t history_writer::dropped() const {
  const std::lock_guard<std::mutex> guard{state_->mutex};
  return state_->dropped;
}

void history_writer::run(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-history");
  std::unique_lock<std::mutex> lock{s->mutex};
  while (!s->abandoned && (!s->runs.empty() || !s->stopped)) {
    if (s->runs.empty()) {
      s->more.wait(lock);
      continue;
    }
    const auto run = std::move(s->runs.front());
    s->runs.pop_front();
    lock.unlock();
    s->hand_over(run);
    lock.lock();
  }
  lock.unlock();
  s->sinks.clear(); // user code: destroyed without the lock, and before anybody hears of the end
  lock.lock();
  s->ended = true;
  s->done.notify_all();
}

void history_writer::stop(duration patience) {
  std::thread thread;
  {
    std::unique_lock<std::mutex> lock{state_->mutex};
    state_->stopped = true;
    state_->more.notify_one();
    const bool own = state_->thread.get_id() == std::this_thread::get_id();
    if (!own) {
      wait_until(lock, state_->done, saturating_add(boot_now(), patience), std::chrono::milliseconds{100},
                 [&] { return state_->ended; });
    }
    thread.swap(state_->thread);
    if (!state_->ended) {
      state_->abandoned = true;
      state_->dropped += state_->runs.size();
      state_->runs.clear();
      if (thread.joinable()) {
        thread.detach();
      }
    }
  }
  if (thread.joinable()) {
    thread.join();
  }
}

// -- lines of JSON ------------------------------------------------------------------

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t least_file = 4096;

/// The file that is written to, and the former ones beside it.
class line_file {
public:
  explicit line_file(history_file settings) : settings_(std::move(settings)) {}

  void open() {
    out_.close();
    out_.clear();
    out_.open(settings_.path, std::ios::binary | std::ios::app);
    if (!out_) {
      throw std::runtime_error("\"" + settings_.path + "\" cannot be opened: " + std::strerror(errno));
    }
    std::error_code ignored;
    const auto size = fs::file_size(settings_.path, ignored);
    size_ = ignored ? 0 : size;
  }

  void write(const past_run& run) {
    auto line = to_json_text(run);
    line += '\n';
    if (!out_.is_open() || !out_) {
      open(); // it went wrong the last time
    }
    if (size_ > 0 && size_ + line.size() > settings_.max_bytes) {
      rotate();
    }
    out_ << line << std::flush;
    if (!out_) {
      throw std::runtime_error("\"" + settings_.path + "\" cannot be written: " + std::strerror(errno));
    }
    size_ += line.size();
  }

private:
  fs::path former(std::uint32_t n) const { return settings_.path + "." + std::to_string(n); }

  void rotate() {
    out_.close();
    for (auto n = settings_.keep; n > 1; --n) {
      std::error_code missing; // there are not as many yet
      fs::rename(former(n - 1), former(n), missing);
    }
    if (settings_.keep > 0) {
      fs::rename(settings_.path, former(1));
    } else {
      fs::remove(settings_.path);
    }
    open();
  }

  history_file settings_;
  std::ofstream out_;
  std::uint64_t size_ = 0;
};

} // namespace

expected<history_sink> json_lines(const history_file& file) {
  constexpr std::uint32_t most_kept = 1000;
  if (file.path.empty()) {
    return fail(errc::invalid_config, "history_file.path is empty; it must name a file");
  }
  if (file.max_bytes < least_file) {
    return fail(errc::invalid_config, "history_file.max_bytes is " + std::to_string(file.max_bytes) +
                                        "; it must be at least " + std::to_string(least_file));
  }
  if (file.keep > most_kept) {
    return fail(errc::invalid_config, "history_file.keep is " + std::to_string(file.keep) + "; it must be at most " +
                                        std::to_string(most_kept));
  }
  auto lines = std::make_shared<line_file>(file);
  try {
    lines->open();
  } catch (const std::runtime_error& e) {
    return fail(errc::invalid_file, std::string{"history_file: "} + e.what());
  }
  return history_sink{[lines](const past_run& run) { lines->write(run); }};
}

} // namespace djm
