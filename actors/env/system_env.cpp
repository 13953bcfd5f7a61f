#include "actors/env/system_env.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/run_context.hpp"

namespace djm {

/// The user's sink, which must not throw and might.
struct system_env::guarded_log {
  node_id node;
  log_sink sink;
  std::atomic<bool> complained{false};

  guarded_log(node_id n, log_sink s) : node(std::move(n)), sink(s ? std::move(s) : stderr_log()) {}

  void operator()(log_record record) {
    if (record.node.empty())
      record.node = node;
    std::string text;
    if (!throws([&] { sink(record); }, text) || complained.exchange(true))
      return;
    stderr_log()({log_level::error, node, "log", "the log sink threw (said once): " + text, {}});
  }

  void error(const char* component, const std::string& text) { (*this)({log_level::error, node, component, text, {}}); }
};

namespace {

std::uint64_t system_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

system_env_options checked(system_env_options o) {
  if (!o.sessions)
    throw std::invalid_argument{"system_env: options.sessions is null; a session factory is needed"};
  return o;
}

executor_options with_log(executor_options o, log_sink log) {
  o.log = std::move(log);
  return o;
}

} // namespace

system_env::system_env(system_env_options o)
  : sessions_(checked(o).sessions),
    log_(std::make_shared<guarded_log>(o.node, o.log)),
    random_(o.seed ? *o.seed : system_seed()),
    timers_(std::make_shared<timer_queue>([log = log_](const std::string& text) { log->error("timer", text); })),
    executor_(std::make_shared<thread_executor>(
      with_log(o.threads, [log = log_](const log_record& record) { (*log)(record); }))),
    patience_(o.threads.patience) {}

system_env::~system_env() {
  // Explicitly, because a closing thread may hold the parts longer. Timers first: they may use the executor.
  timers_->stop();
  executor_->shutdown(saturating_add(boot_now(), patience_));
}

time_point system_env::now() const {
  return boot_now();
}

wall_time system_env::wall_now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
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
    for (auto& run : left.runs)
      log->error("executor", fmt::format("run {} of job '{}' did not end and is left behind; items: {}", run.id,
                                         run.job, run.items.size()));
    if (left.calls > 0)
      log->error("executor", fmt::format("{} calls and stop callbacks did not end and are left behind", left.calls));
    timers = nullptr;
    exec = nullptr;
    log = nullptr;
    if (done)
      done();
  };
  auto shared_work = std::make_shared<decltype(work)>(std::move(work));
  try {
    std::thread{[shared_work] {
      pthread_setname_np(pthread_self(), "djm-close");
      (*shared_work)();
    }}.detach();
  } catch (const std::system_error&) {
    (*shared_work)(); // out of threads: then the caller waits
  }
}

} // namespace djm
