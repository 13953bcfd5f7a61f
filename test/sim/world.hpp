#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "djm/node_actor.hpp"
#include "simulation/chance.hpp"
#include "simulation/network.hpp"
#include "simulation/process.hpp"
#include "simulation/scheduler.hpp"
#include "test/sim/coverage.hpp"
#include "test/sim/judge.hpp"
#include "test/sim/sim_executor.hpp"

namespace djm::sim {

class sim_env;

struct world_options {
  std::uint64_t seed = 1;
  std::size_t machines = 5;
  std::size_t servers = 3;
  /// What all nodes have in common; the id is filled in.
  node_config config = default_config();
  store::ensemble_options ensemble = default_ensemble();
  /// Clock rates differ by up to so many parts per million.
  std::int64_t skew_ppm = 0;
  /// Every message on a wire takes so long.
  duration least_delay = std::chrono::microseconds{100};
  duration most_delay = std::chrono::milliseconds{2};
  /// Keep a line about everything that happens.
  bool trace = false;
  /// Strategies the nodes know; null: the built-in ones.
  std::shared_ptr<const strategy_registry> strategies;
  /// Every message between actors, too.
  bool trace_messages = false;
  /// Log records of the nodes go into the trace from this level on.
  log_level least_log = log_level::debug;

  /// T = D = 2 s, everything else scaled to it.
  static node_config default_config();
  static store::ensemble_options default_ensemble();
};

/// A whole cluster in one thread on virtual time: nodes of the real code over a modelled ensemble, with every fault at
/// the caller's command and a judge who watches. The same options and the same calls give the same history.
class world final : public run_observer, public wire_observer, public message_observer {
public:
  explicit world(world_options options);
  ~world() override;
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  using handle = std::uint32_t;

  // -- nodes --

  /// Starts a process with a node on the machine; the node is called "n<machine>" unless told otherwise.
  handle start(std::size_t machine, std::optional<node_id> name = std::nullopt,
               const std::function<void(node_config&)>& change = {});
  /// The process is gone, its runs with it; its session is left to expire.
  void crash(handle h);
  /// After so many further messages.
  void crash_after(handle h, std::uint64_t steps);
  void pause(handle h);
  /// Somebody sets the wall clock of the process: it is wrong by so much from now on.
  void set_wall_clock(handle h, duration error);
  void resume(handle h);
  /// Its actors handle nothing any more, as if something blocked their threads; runs, the library's threads and the
  /// timer of the lease go on.
  void hold(handle h);
  void release(handle h);
  void stop(handle h, bool hurry = false);
  /// One part (the name of its actor) is held after each decision, before the transaction is sent, until it is let go;
  /// `on_held` is called at the first. The others go on.
  void hold_part(handle h, const std::string& part, std::function<void()> on_held);
  void let_go(handle h);
  /// The node's actors by name, the dead ones too.
  std::vector<std::string> parts_of(handle h) const;
  /// One of them dies as if it had thrown; false where it is dead or enough have died.
  bool kill_part(handle h, const std::string& name);
  /// Neither crashed nor stopped.
  bool up(handle h) const;
  /// Whether the process of this incarnation is up.
  bool up_as(const std::string& incarnation) const;
  bool is_paused(handle h) const;
  bool is_held(handle h) const;
  node_phase phase_of(handle h) const { return hosts_.at(h).phase; }
  process& process_of(handle h) { return *hosts_.at(h).p; }
  sim_executor& executor_of(handle h);
  /// Functions of this owner (as the executor calls it) hang on all nodes, or come back.
  void hang(const std::string& owner) { hanging_.insert(owner); }
  void release(const std::string& owner) {
    hanging_.erase(owner);
    for (const auto h : processes()) {
      executor_of(h).release(owner);
    }
  }
  bool hangs(const std::string& owner) const { return hanging_.count(owner) > 0; }
  std::vector<handle> processes() const;
  /// The one that is up on this machine, if any.
  std::optional<handle> on(std::size_t machine) const;

  /// Sends a message that the node answers with nothing; an error lands in `refusals`.
  template <class Message>
  void tell(handle h, Message m, std::function<void(const error&)> refused = {});
  template <class Result, class Message>
  void ask(handle h, Message m, std::function<void(const Result&)> answer);
  const std::vector<std::string>& refusals() const { return refusals_; }
  /// One more listener of the node's events; or not any more.
  void listen(handle h, bool on);

  /// A process without a node, on a machine of its own whose links have no faults.
  std::unique_ptr<process> make_stranger();

  // -- time --

  time_point now() const { return timeline_.now; }
  void run_for(duration d) { run_until(timeline_.now + d); }
  /// Stops early at the first violation.
  void run_until(time_point t);
  /// True as soon as the condition holds, false when it does not within the limit. Looks at every event.
  bool run_until(const std::function<bool()>& condition, duration limit);
  /// For scenarios: something that happens at a moment.
  void at(time_point when, std::function<void()> f) { timeline_.events.at(when, std::move(f)); }

  // -- the rest --

  network& net() { return *network_; }
  store::embedded_ensemble& ensemble() { return ensemble_; }
  /// When the ensemble last went back, if ever.
  std::optional<time_point> went_back_at() const { return went_back_at_; }
  /// Whether the process is connected in a life that it had before that.
  bool outlived_history(handle h) const;
  /// The ensemble is put back to this; the judge knows.
  void go_back(const store::embedded_ensemble::backup& b, store::embedded_ensemble::numbers n);
  /// To be called after a fault was done to the ensemble directly.
  void touched_ensemble() { network_->settle(); }
  judge& verdict() { return judge_; }
  djm::sim::coverage& covered() { return coverage_; }
  const world_options& options() const { return options_; }
  std::uint64_t trace_hash() const;
  std::uint64_t steps() const { return coordinator_->steps(); }
  const std::deque<std::string>& trace() const { return trace_; }
  void note(const std::string& line);
  bool tracing() const { return options_.trace; }

  /// Decides what becomes of a transaction; empty: it arrives.
  std::function<fate(const process&, const store::transaction&, transaction_kind)> decide_fate;
  /// Told when a node starts, is told to stop, or says how it is connected.
  std::function<void(handle, node_phase)> on_phase;

private:
  struct hosted {
    std::unique_ptr<process> p;
    std::shared_ptr<sim_env> env;
    node_actor node;
    /// Held here: monitoring alone does not keep it alive.
    caf::actor listener;
    caf::actor second_listener;
    std::map<std::string, caf::weak_actor_ptr> parts;
    unsigned parts_killed = 0;
    bool up = true;
    bool held = false;
    duration detach{};
    node_phase phase = node_phase::starting;
  };
  friend class sim_env;

  void notice_new_lives(const store::committed_transaction& txn);
  void run_actors();
  bool advance(time_point limit);
  void on_down(handle h);
  void enters(handle h, node_phase phase);

  void run_began(const process& p, run_id run, const job_id& job, const std::vector<work_item>& items,
                 bool stubborn) override;
  void stop_asked(const process& p, run_id run, stop_reason reason) override;
  void item_released(const process& p, run_id run, const item_id& item) override;
  void run_ended(const process& p, run_id run) override;
  fate decide(const process& p, const store::transaction& txn) override;
  void answered(const process& p, store::session_id_t session, const store::transaction& txn, store::rc code,
                time_point sent, duration timeout) override;
  void link(const process& p, const store::raw_link& l) override;
  void closing(const process& p) override;
  void handles(std::uint32_t owner, const char* actor, std::string_view type) override;
  void told(handle h, const node_event& e);
  void mix_in(std::uint64_t x) { hash_ = mix(hash_ ^ x); }

  world_options options_;
  chance chance_;
  timeline timeline_;
  /// Whose functions hang; before the nodes, which look at it.
  std::set<std::string> hanging_;
  store::embedded_ensemble ensemble_;
  judge judge_;
  djm::sim::coverage coverage_;
  std::deque<std::string> trace_;
  std::vector<std::string> refusals_;
  std::uint64_t hash_ = 0;
  sim_config config_;
  sim_system system_;
  sim_coordinator* coordinator_;
  std::unique_ptr<network> network_;
  std::map<handle, hosted> hosts_;
  /// Those that lived when the ensemble went back.
  std::set<std::string> former_lives_;
  std::optional<time_point> went_back_at_;
  handle last_ = 0;
  std::optional<std::pair<handle, std::uint64_t>> doomed_;
  /// The present moment, and how many steps there were before it.
  time_point instant_{};
  std::uint64_t instant_began_ = 0;
};

} // namespace djm::sim

#include "test/sim/world_ask.hpp"
