#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "djm/node_actor.hpp"
#include "djm/test/cluster.hpp"
#include "simulation/chance.hpp"
#include "simulation/network.hpp"
#include "simulation/scheduler.hpp"
#include "simulation/tree_image.hpp"
#include "testkit/kit_env.hpp"
#include "testkit/run_book.hpp"

namespace djm::test {

/// The machinery of a test cluster: processes with real nodes over a modelled ensemble, one actor's message at a time,
/// the user's code in lock step, and what has been seen of all that. Knows nothing of names and rules; `cluster` does.
class simulation final : public sim::wire_observer, public run_observer {
public:
  using handle = std::uint32_t;

  /// One life of one node. Stays until the end: code that was left in it refers to it.
  struct host {
    std::size_t machine = 0;
    node_config config;
    std::unique_ptr<sim::process> p;
    std::shared_ptr<kit_env> env;
    /// Null when it is not up.
    node_actor node;
    /// Held here: monitoring alone does not keep it alive.
    caf::actor listener;
    node_state state = node_state::up;
  };

  /// Machines are numbered from 0; each has a link of its own to the store.
  simulation(cluster_options options, std::size_t machines);
  ~simulation() override;
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  /// Ends user code. False when some has to be left behind: then this must not be destroyed.
  bool close();

  // -- nodes and faults --

  handle start(std::size_t machine, node_config config, std::shared_ptr<const strategy_registry> strategies);
  void crash(handle h);
  void crash_after(handle h, std::uint64_t steps);
  void pause(handle h);
  void resume(handle h);
  /// Sends a message that is answered with nothing; an error lands in `refusals`.
  template <class Message>
  void tell(handle h, Message m);
  std::vector<std::string>& refusals() { return refusals_; }
  void cut(std::size_t machine, way w, bool broken);
  void delay(std::size_t machine, duration least, duration most) { network_->set_delay(machine, least, most); }
  void break_connections(std::size_t machine) { network_->break_connections(machine); }
  void expire(handle h);
  /// What is committed.
  const store::znode_tree& stored() const { return ensemble_.committed().tree(); }
  /// Somebody else's transaction; nothing without a leader of the ensemble.
  std::optional<store::checked_multi> intrude(const store::transaction& txn, const std::string& identity,
                                              const std::string& note_line);
  bool set_access(const std::string& path, std::string acl);
  void stop_store();
  void start_store();

  // -- time --

  duration now() const { return timeline_.now - start_; }
  void run_for(duration d);
  bool run_until(const std::function<bool()>& condition, duration limit);
  void after(duration d, std::function<void()> f);
  /// Within an event: no time may pass, nor may anything be asked.
  bool busy() const noexcept { return busy_; }

  // -- what there is to see --

  host& at(handle h) { return hosts_.at(h); }
  const host& at(handle h) const { return hosts_.at(h); }
  const std::map<handle, host>& hosts() const { return hosts_; }
  caf::actor_system& system() { return system_; }
  const sim::tree_image& tree() const { return tree_; }
  /// The latest change of anything in the store: a calm cluster changes nothing.
  duration last_change() const { return last_change_; }
  const run_book& runs() const { return runs_; }
  const std::vector<seen_event>& events() const { return events_; }
  const std::deque<std::string>& log() const { return log_; }
  void note(const std::string& line);
  std::uint64_t hash() const;
  std::uint64_t steps() const { return coordinator_->steps(); }

private:
  void run_actors();
  bool advance(time_point limit);
  void on_down(handle h, const caf::error& why);
  void committed(const store::committed_transaction& txn);
  void logged(const log_record& r);
  void mix_in(std::uint64_t x) { hash_ = sim::mix(hash_ ^ x); }

  sim::fate decide(const sim::process&, const store::transaction&) override { return sim::fate::arrives; }
  void answered(const sim::process&, store::session_id_t, const store::transaction&, store::rc, time_point,
                duration) override {}
  void link(const sim::process&, const store::raw_link&) override {}
  void closing(const sim::process&) override {}
  void run_began(const sim::process& p, const running_info& r) override;
  void stop_asked(const sim::process& p, run_id run, stop_reason reason) override;
  void item_released(const sim::process& p, run_id run, const item_id& item) override;
  void run_ended(const sim::process& p, const run_result& r) override;

  cluster_options options_;
  sim::chance chance_;
  time_point start_;
  sim::timeline timeline_;
  store::embedded_ensemble ensemble_;
  sim::tree_image tree_;
  duration last_change_ = duration::zero();
  run_book runs_;
  std::vector<seen_event> events_;
  std::deque<std::string> log_;
  std::vector<std::string> refusals_;
  std::uint64_t hash_ = 0;
  bool busy_ = false;
  lockstep lockstep_;
  sim::sim_config config_;
  sim::sim_system system_;
  sim::sim_coordinator* coordinator_;
  std::unique_ptr<sim::network> network_;
  std::map<handle, host> hosts_;
  handle last_ = 0;
  std::optional<std::pair<handle, std::uint64_t>> doomed_;
};

} // namespace djm::test

#include "testkit/simulation_tell.hpp"
