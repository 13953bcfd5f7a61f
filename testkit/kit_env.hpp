#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "actors/env/node_env.hpp"
#include "simulation/network.hpp"
#include "testkit/lockstep_executor.hpp"

namespace djm::test {

/// The environment of one node of a test cluster: virtual time, the modelled store, user code in lock step.
class kit_env final : public node_env, store::session_factory {
public:
  struct hooks {
    std::function<void(const log_record&)> log;
    /// A run has not ended at its deadline, and the configuration says that the process ends itself then.
    std::function<void()> end;
  };

  kit_env(sim::timeline& t, sim::process& p, sim::network& n, lockstep& l, run_observer& o, std::uint64_t seed,
          std::uint32_t max_threads, hooks h)
    : timeline_(t),
      process_(p),
      network_(n),
      chance_(seed, "node"),
      hooks_(std::move(h)),
      executor_(
        t, p, l, o, seed, max_threads,
        [this](const std::string& text) {
          log({log_level::error, {}, "executor", text, {}, {}});
        },
        [this](const running_info& r) {
          if (!hooks_.end) {
            return;
          }
          log({log_level::error,
               {},
               "executor",
               "run " + std::to_string(r.id) + " of job \"" + r.job +
                 "\" ignores its stop request beyond the deadline; ending the process",
               {},
               {}});
          hooks_.end();
        }) {}

  time_point now() const override { return process_.local_now(); }
  wall_time wall_now() const override {
    return wall_time{std::chrono::duration_cast<std::chrono::milliseconds>(process_.wall())};
  }
  std::uint64_t random() override { return chance_.next(); }
  timer_id arm(time_point at, std::function<void()> fire) override {
    return closed_ ? ~timer_id{0} : process_.later(process_.to_world(at), sim::process::kind::timer, std::move(fire));
  }
  void cancel(timer_id id) override { process_.cancel(id); }
  executor& exec() override { return executor_; }
  store::session_factory& sessions() override { return *this; }
  void log(log_record record) override {
    if (process_.dead()) {
      return;
    }
    if (record.node.empty()) {
      record.node = process_.node();
    }
    hooks_.log(record);
  }
  void close(std::function<void()> done) override {
    closed_ = true;
    executor_.shut();
    process_.later(timeline_.now, sim::process::kind::timer, std::move(done));
  }

  lockstep_executor& runs() { return executor_; }

private:
  expected<std::unique_ptr<store::session_port>> open(const store::session_options& options,
                                                      store::event_sink sink) override {
    return network_.open(process_, options, std::move(sink));
  }
  void scout(const store::session_options&, std::function<void(store::raw_scouted)> done) override {
    network_.scout(process_, std::move(done));
  }

  sim::timeline& timeline_;
  sim::process& process_;
  sim::network& network_;
  sim::chance chance_;
  hooks hooks_;
  lockstep_executor executor_;
  bool closed_ = false;
};

} // namespace djm::test
