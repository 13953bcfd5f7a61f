#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/env/node_env.hpp"
#include "simulation/network.hpp"
#include "simulation/virtual_executor.hpp"

namespace djm::sim {

/// What a virtual process gives to its node: a clock that runs at its own rate, timers that wait while it is paused,
/// sessions over the modelled network, chance from the seed, and an executor of the caller's choice.
class virtual_env final : public node_env, store::session_factory {
public:
  /// Hears what the node logs, until the process is dead.
  using log_function = std::function<void(const log_record&)>;

  virtual_env(timeline& t, process& p, network& n, std::unique_ptr<virtual_executor> e, std::uint64_t seed,
              log_function log)
    : timeline_(t), process_(p), network_(n), chance_(seed, "node"), executor_(std::move(e)), log_(std::move(log)) {}

  time_point now() const override { return process_.local_now(); }
  std::chrono::time_point<std::chrono::system_clock, duration> wall_now() const override {
    return std::chrono::time_point<std::chrono::system_clock, duration>{process_.wall()};
  }
  time_zone_source zones() const override { return zones_ ? zones_ : node_env::zones(); }
  /// Empty: those of this machine.
  void use_zones(time_zone_source zones) { zones_ = std::move(zones); }
  std::uint64_t random() override { return chance_.next(); }
  timer_id arm(time_point at, std::function<void()> fire) override {
    return closed_ ? ~timer_id{0} : process_.later(process_.to_world(at), process::kind::timer, std::move(fire));
  }
  void cancel(timer_id id) override { process_.cancel(id); }
  executor& exec() override { return *executor_; }
  store::session_factory& sessions() override { return *this; }
  void log(log_record record) override {
    if (process_.dead()) {
      return;
    }
    if (record.node.empty()) {
      record.node = process_.node();
    }
    log_(record);
  }
  void close(std::function<void()> done) override {
    closed_ = true;
    executor_->shut();
    process_.later(timeline_.now, process::kind::timer, std::move(done));
  }

  virtual_executor& runs() { return *executor_; }

  // -- a part that is preempted between its decisions and their sending --

  bool holds_back(const char* part) override { return !held_part_.empty() && held_part_ == part; }
  void hand_over(std::function<void()> send) override {
    held_.push_back(std::move(send));
    if (auto told = std::exchange(on_held_, nullptr)) {
      told();
    }
  }
  /// From now on; `on_held` is told of the first decision that is held back.
  void hold_part(std::string part, std::function<void()> on_held) {
    let_go();
    held_part_ = std::move(part);
    on_held_ = std::move(on_held);
  }
  /// What was held back is sent, in its order.
  void let_go() {
    for (auto& send : forget_held()) {
      process_.later(timeline_.now, process::kind::code, std::move(send));
    }
  }
  /// What was held back is never sent.
  std::vector<std::function<void()>> forget_held() {
    held_part_.clear();
    on_held_ = nullptr;
    return std::exchange(held_, {});
  }

private:
  expected<std::unique_ptr<store::session_port>> open(const store::session_options& options,
                                                      store::event_sink sink) override {
    return network_.open(process_, options, std::move(sink));
  }
  void scout(const store::session_options&, std::function<void(store::raw_scouted)> done) override {
    network_.scout(process_, std::move(done));
  }

  timeline& timeline_;
  process& process_;
  network& network_;
  chance chance_;
  std::unique_ptr<virtual_executor> executor_;
  log_function log_;
  time_zone_source zones_;
  bool closed_ = false;
  std::string held_part_;
  std::function<void()> on_held_;
  std::vector<std::function<void()>> held_;
};

} // namespace djm::sim
