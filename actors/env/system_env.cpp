#include "actors/env/system_env.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/env/log_queue.hpp"
#include "actors/executor/run_context.hpp"

namespace djm {

/// The user's sink, on a thread of its own.
struct system_env::node_log {
  node_id node;
  log_queue queue;

  node_log(node_id n, log_sink s) : node(std::move(n)), queue(guarded(node, s ? std::move(s) : stderr_log())) {}

  /// It must not throw and might.
  static log_sink guarded(const node_id& node, log_sink sink) {
    return [node, sink = std::move(sink), complained = false](const log_record& record) mutable {
      std::string text;
      if (throws([&] { sink(record); }, text) && !std::exchange(complained, true)) {
        stderr_log()({log_level::error, node, "log", "the log sink threw (said once): " + text, {}, {}});
      }
    };
  }

  void operator()(log_record record) {
    if (record.node.empty()) {
      record.node = node;
    }
    if (record.at == wall_time{}) {
      record.at = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
    queue.post(std::move(record));
  }

  void error(const char* component, const std::string& text) {
    (*this)({log_level::error, node, component, text, {}, {}});
  }

  /// A run has not ended at the deadline: somebody else may work on its items from now on.
  [[noreturn]] void abort_for(const running_info& run) {
    error("executor", fmt::format("run {} of job '{}' ignores its stop request beyond the deadline; ending the process",
                                  run.id, run.job));
    queue.flush(std::chrono::milliseconds{100});
    std::abort();
  }
};

/// The thread of `close`. It is joined, not detached, so that nothing of djm runs when all nodes have ended and a
/// shared object that contains djm may be unloaded.
struct system_env::closing {
  std::mutex guard;
  std::thread thread;
};

namespace {

std::uint64_t system_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

system_env_options checked(system_env_options o) {
  if (!o.sessions) {
    throw std::invalid_argument{"system_env: options.sessions is null; a session factory is needed"};
  }
  return o;
}

executor_options with(executor_options o, log_sink log, std::function<void(const running_info&)> overrun) {
  o.log = std::move(log);
  o.overrun = std::move(overrun);
  return o;
}

} // namespace

system_env::system_env(system_env_options o)
  : sessions_(checked(o).sessions),
    log_(std::make_shared<node_log>(o.node, o.log)),
    random_(o.seed ? *o.seed : system_seed()),
    timers_(std::make_shared<timer_queue>([log = log_](const std::string& text) { log->error("timer", text); })),
    executor_(std::make_shared<thread_executor>(with(
      o.threads, [log = log_](const log_record& record) { (*log)(record); },
      o.abort_on_overrun ? [log = log_](const running_info& run) { log->abort_for(run); }
                         : std::function<void(const running_info&)>{}))),
    patience_(o.threads.patience),
    closing_(std::make_shared<closing>()) {
  if (!o.history.empty()) {
    history().set_writer(std::make_unique<history_writer>(
      std::move(o.history), [log = log_](const std::string& text) { log->error("history", text); }));
  }
}

system_env::~system_env() {
  // Explicitly, because a closing thread may hold the parts longer. Timers first: they may use the executor.
  timers_->stop();
  executor_->shutdown(saturating_add(boot_now(), patience_));
  {
    const std::lock_guard<std::mutex> lock{closing_->guard};
    if (closing_->thread.get_id() == std::this_thread::get_id()) {
      closing_->thread.detach();
    } else if (closing_->thread.joinable()) {
      closing_->thread.join();
    }
  }
  history().stop(log_patience);
  log_->queue.stop(log_patience);
}

time_point system_env::now() const {
  return boot_now();
}

std::chrono::time_point<std::chrono::system_clock, duration> system_env::wall_now() const {
  return std::chrono::system_clock::now();
}

/// SplitMix64: the state only ever grows by a constant, so threads share it without a lock.
std::uint64_t system_env::random() {
  constexpr std::uint64_t step = 0x9E3779B97F4A7C15u;
  std::uint64_t z = random_.fetch_add(step, std::memory_order_relaxed) + step;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

timer_id system_env::arm(time_point at, std::function<void()> fire) {
  return timers_->arm(at, std::move(fire));
}

void system_env::cancel(timer_id id) {
  timers_->cancel(id);
}

void system_env::log(log_record record) {
  (*log_)(std::move(record));
}

log_status system_env::log_load() const {
  const auto l = log_->queue.look();
  return {l.lines, l.dropped, l.waiting};
}

executor_leftovers system_env::shutdown(time_point deadline) {
  auto result = executor_->shutdown(deadline);
  timers_->stop();
  return result;
}

void system_env::close(std::function<void()> done) {
  // The thread owns what it needs: `done` may be what destroys this environment.
  auto work = [timers = timers_, exec = executor_, log = log_, patience = patience_, done = std::move(done)]() mutable {
    auto left = exec->shutdown(saturating_add(boot_now(), patience));
    timers->stop();
    for (auto& run : left.runs) {
      log->error("executor", fmt::format("run {} of job '{}' did not end and is left behind; items: {}", run.id,
                                         run.job, run.items.size()));
    }
    if (left.calls > 0) {
      log->error("executor", fmt::format("{} calls and stop callbacks did not end and are left behind", left.calls));
    }
    log->queue.flush(log_patience);
    timers = nullptr;
    exec = nullptr;
    log = nullptr;
    if (done) {
      done();
    }
  };
  auto shared_work = std::make_shared<decltype(work)>(std::move(work));
  try {
    const std::lock_guard<std::mutex> lock{closing_->guard};
    closing_->thread = std::thread{[shared_work] {
      pthread_setname_np(pthread_self(), "djm-close");
      (*shared_work)();
    }};
  } catch (const std::system_error&) {
    (*shared_work)(); // out of threads: then the caller waits
  }
}

} // namespace djm
