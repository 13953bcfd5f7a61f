#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/virtual_cluster.hpp"
#include "test/sim/coverage.hpp"
#include "test/sim/judge.hpp"
#include "test/sim/sim_executor.hpp"

namespace djm::sim {

/// The wall clocks of the servers: by how much each is wrong. The one that leads dates what is committed.
struct server_clocks {
  const store::embedded_ensemble* ensemble = nullptr;
  std::map<std::size_t, duration> errors;
  std::size_t led_last = 0;

  duration error() {
    const auto leader = ensemble != nullptr ? ensemble->leader() : std::nullopt;
    led_last = leader.value_or(led_last);
    const auto e = errors.find(led_last);
    return e != errors.end() ? e->second : duration::zero();
  }
};

struct world_options : cluster_setup {
  world_options() { ensemble = default_ensemble(); }

  /// What all nodes have in common; the id is filled in.
  node_config config = default_config();
  /// What items may take of "cpu" on machines that have a limit.
  std::map<std::size_t, std::int64_t> room;
  /// Keep a line about everything that happens.
  bool trace = false;
  /// Strategies the nodes know; null: the built-in ones.
  std::shared_ptr<const strategy_registry> strategies;
  /// Every message between actors, too.
  bool trace_messages = false;
  /// Log records of the nodes go into the trace from this level on.
  log_level least_log = log_level::debug;
  std::shared_ptr<server_clocks> clocks = std::make_shared<server_clocks>();

  /// T = D = 2 s, everything else scaled to it.
  static node_config default_config();
  static store::ensemble_options default_ensemble();
};

/// A virtual cluster with virtual work, every fault at the caller's command, and a judge who watches.
class world final : public virtual_cluster, public message_observer {
public:
  explicit world(world_options options);
  ~world() override;

  // -- nodes --

  /// Starts a process with a node on the machine; the node is called "n<machine>" unless told otherwise.
  handle start(std::size_t machine, std::optional<node_id> name = std::nullopt,
               const std::function<void(node_config&)>& change = {});
  node_phase phase_of(handle h) const { return phases_.at(h); }
  sim_executor& executor_of(handle h) { return static_cast<sim_executor&>(host_of(h).env->runs()); }
  using virtual_cluster::release;
  /// Functions of this owner (as the executor calls it) hang on all nodes, or come back.
  void hang(const std::string& owner) { hanging_.insert(owner); }
  void release(const std::string& owner);
  bool hangs(const std::string& owner) const { return hanging_.count(owner) > 0; }
  /// Whether what is told of is so after all faults are over.
  bool is_still_so(handle h, const problem_status& p);
  /// One more listener of the node's events; or not any more.
  void listen(handle h, bool on);

  // -- the rest --

  /// The wall clock of the server is wrong by so much from now on.
  void set_server_clock(std::size_t server, duration error);
  bool server_clocks_were_set() const { return server_clocks_were_set_; }

  /// When the ensemble last went back, if ever.
  std::optional<time_point> went_back_at() const { return went_back_at_; }
  /// Whether the process is connected in a life that it had before that.
  bool outlived_history(handle h) const;
  /// The ensemble is put back to this; the judge knows.
  void go_back(const store::embedded_ensemble::backup& b, store::embedded_ensemble::numbers n);
  judge& verdict() { return judge_; }
  djm::sim::coverage& covered() { return coverage_; }
  const world_options& options() const { return options_; }
  void note(const std::string& line);

  /// Decides what becomes of a transaction; empty: it arrives.
  std::function<fate(const process&, const store::transaction&, transaction_kind)> decide_fate;
  /// Somebody outside of the cluster: what becomes of a transaction of his own, and whom to tell, after the judge, what
  /// is committed by anybody.
  struct ear_outside {
    std::function<fate()> decide;
    std::function<void(const store::committed_transaction&)> committed;
  };
  /// By machine.
  std::map<std::size_t, ear_outside> outside;
  /// Told when a node starts, is told to stop, or says how it is connected.
  std::function<void(handle, node_phase)> on_phase;
  /// Told every event of every node.
  std::function<void(handle, const event&)> on_event;

private:
  void enters(handle h, node_phase phase);

  std::unique_ptr<virtual_executor> make_executor(handle h, process& p, const node_config& config,
                                                  std::uint64_t seed) override;
  void happens(host& x, happening what, const std::string& detail) override;
  void told(handle h, const node_event& e) override;
  void logged(const process& p, const log_record& r) override;
  void committed(const store::committed_transaction& txn, time_point t) override;
  bool runs_away(std::uint64_t steps) override;
  bool over() const override { return !judge_.violations().empty(); }

  void run_began(const process& p, const running_info& r) override;
  void stop_asked(const process& p, run_id run, stop_reason reason) override;
  void item_declined(const process& p, run_id run, const item_id& item) override;
  void item_released(const process& p, run_id run, const item_id& item) override;
  void run_ended(const process& p, const run_result& r) override;
  void command_ended(const process& p, run_id run) override;
  void state_asked(const process& p, run_id run, std::uint64_t number, const state_request& what) override;
  void state_told(const process& p, run_id run, std::uint64_t number, const state_reply::answer& what) override;
  fate decide(const process& p, const store::transaction& txn) override;
  void answered(const process& p, store::session_id_t session, const store::transaction& txn, store::rc code,
                time_point sent, duration timeout) override;
  void link(const process& p, const store::raw_link& l) override;
  void closing(const process& p) override;
  void handles(std::uint32_t owner, const char* actor, std::string_view type) override;

  world_options options_;
  /// Whose functions hang; the executors look at it.
  std::set<std::string> hanging_;
  judge judge_;
  djm::sim::coverage coverage_;
  /// By handle.
  std::vector<node_phase> phases_;
  std::map<handle, caf::actor> second_listeners_;
  /// Those that lived when the ensemble went back.
  std::set<std::string> former_lives_;
  std::optional<time_point> went_back_at_;
  bool server_clocks_were_set_ = false;
};

} // namespace djm::sim
