#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "djm/job.hpp"
#include "djm/log.hpp"
#include "djm/node_config.hpp"
#include "djm/strategy.hpp"
#include "djm/test/cluster_node.hpp"
#include "djm/test/cluster_tree.hpp"
#include "djm/test/failure.hpp"
#include "djm/test/history.hpp"
#include "djm/test/spend.hpp"

namespace djm::test {

/// What a test cluster is made of.
struct cluster_options {
  /// Started at construction, named "n0", "n1", ...; at most 500.
  std::size_t nodes = 3;
  /// Decides the order of everything that happens at the same time, and how long messages take. The same seed and the
  /// same calls give the same history.
  std::uint64_t seed = 1;
  /// What all nodes have in common: give the configuration you deploy. Id and connect string are replaced.
  node_config config;
  /// Servers of the modelled ZooKeeper ensemble: 1 to 7.
  std::size_t servers = 3;
  /// How long a message between a node and the store takes; from 0 to `max_schedule_duration`.
  any_duration least_delay = std::chrono::microseconds{100};
  /// The longest such time; not below `least_delay`.
  any_duration most_delay = std::chrono::milliseconds{2};
  /// Clocks of the nodes run fast or slow by up to so many parts per million; at most 20000.
  std::int64_t clock_skew_ppm = 0;
  /// Strategies of your own; null = the built-in ones.
  std::shared_ptr<const strategy_registry> strategies;
  /// Receives the log of all nodes as it is written, beside what `cluster::log` keeps; may be empty.
  log_sink log;
  /// How long user code may go on in real time without waiting in its context before the test fails with a text that
  /// names it. At most a day.
  any_duration real_time_limit = std::chrono::seconds{30};
};

/// Which way of a node's link to the store.
enum class way : std::uint8_t {
  /// Nothing gets through.
  both,
  /// What the node sends does not get through; what it is sent does.
  to_store,
  /// What the store sends does not get through; what it is sent does.
  from_store,
};

/// A whole cluster in the test's own thread, on virtual time: real nodes, a modelled ZooKeeper ensemble, and your jobs
/// as they are. It belongs to no test framework.
///
/// Time passes only in calls that say so (`advance`, `settle`, `run_until`, `stop`, requests to nodes), and as fast as
/// the machine can: a minute of three calm nodes takes some milliseconds. User code (runs, pool functions, stop
/// callbacks) runs on threads in lock step: exactly one thread goes on at a time, and virtual time stands still until
/// it waits in its context or returns. So plain computation takes no time (`spend` says otherwise),
/// `job_context::sleep` and `wait_for_stop` take none in reality, and tests need no locks. What user code must not do
/// is wait for anything else (a lock that a waiting run holds, a thread of its own that uses the context, the real
/// clock): after `real_time_limit` the test fails. A run that looks at `stop_requested` more than a hundred times at
/// one moment lets a millisecond pass with each further look.
///
/// Not thread-safe. Within user code only `now`, `after` and what looks at the cluster may be called. Whatever jobs
/// refer to must outlive the cluster. When a cluster ends, user code that still waits is unwound by an exception that
/// is not a `std::exception`; that of crashed nodes, too, and not before.
class cluster {
public:
  /// Throws `failure` for options outside their range.
  explicit cluster(cluster_options options);
  /// With these nodes and this seed; everything else as in `cluster_options`.
  explicit cluster(std::size_t nodes = 3, std::uint64_t seed = 1);
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  // -- nodes: `failure` for an id that no node has, and for what makes no sense in the node's state --

  /// Starts a node: a new one, or once more one that was crashed or stopped, with its former configuration, strategies
  /// and all jobs that were registered for the whole cluster. At most 500 different ids.
  cluster_node start(const node_id& id);
  /// With a configuration of its own, and strategies of its own unless null: another version of the program.
  cluster_node start(node_config config, std::shared_ptr<const strategy_registry> strategies = nullptr);
  /// Asks the node to leave and lets time pass until it has ended: at most its `stop_timeout` and a minute.
  void stop(const node_id& id);
  /// The same without waiting; at the second time, or with `hurry`, the node does not wait for its runs.
  void begin_stop(const node_id& id, bool hurry = false);
  /// The process is gone at once, its runs with it; its session is left to expire.
  void crash(const node_id& id);
  /// A crash when the node has done so many further steps: somewhere in the middle of what it is at.
  void crash_after(const node_id& id, std::uint64_t steps);
  /// Nothing of the process runs any more (SIGSTOP, a stalled machine), until it is resumed.
  void pause(const node_id& id);
  /// Goes on with a node that was paused, as if nothing had been.
  void resume(const node_id& id);

  /// The node of this id.
  cluster_node node(const node_id& id);
  /// The node `n<index>`.
  cluster_node node(std::size_t index) { return node(node_id{"n" + std::to_string(index)}); }
  /// What has become of the node.
  node_state state(const node_id& id) const;
  /// Whether it is neither paused, crashed nor stopped.
  bool is_up(const node_id& id) const { return state(id) == node_state::up; }
  /// All ids, also of nodes that are not up; sorted.
  std::vector<node_id> nodes() const;
  /// Who leads, as the store has it; empty: nobody.
  node_id leader() const;

  // -- faults --

  /// Nothing gets through between the node and the store until it is healed; what is under way waits, as TCP's segments
  /// do.
  void cut(const node_id& id, way w = way::both);
  /// Takes back what `cut` did.
  void heal(const node_id& id);
  /// From now on each message to and from the node takes so long.
  void delay(const node_id& id, any_duration least, any_duration most);
  /// All connections of the node break once.
  void break_connections(const node_id& id);
  /// The store declares the node's session expired.
  void expire_session(const node_id& id);
  /// All servers of the store go down, or come back with all they had. Nobody's session expires meanwhile.
  void store_down();
  /// Brings the servers back.
  void store_up();
  /// The store's tree, to read and to change as a stranger does, who is `identity` ("user:password"; empty: nobody in
  /// particular).
  cluster_tree tree(std::string identity = {}) { return {*this, std::move(identity)}; }
  /// Resumes and heals every node, resets delays, and brings the store back.
  void heal_all();

  // -- time --

  /// Virtual time since the start.
  duration now() const;
  /// Lets so much time pass.
  void advance(any_duration d);
  /// Lets time pass until the condition holds: true as soon as it does, false when it does not within `limit`. Looks
  /// after every single thing that happens.
  bool run_until(const std::function<bool()>& condition, any_duration limit);
  /// Lets time pass until there is nothing left to do: every node within reach has joined, every item of the enabled
  /// jobs that such a node offers is locked by its owner and granted to its runs, runs that are due have begun, no item
  /// starves (`item_starved`) or is about to, and no more moves follow. Nodes that are cut off or paused are not waited
  /// for, but their items are, until others have them. `failure` with all that is missing when the limit is reached.
  void settle(any_duration limit = std::chrono::minutes{5});
  /// Calls `f` when so much time has passed: faults in the middle of things. `f` must not let time pass itself; what it
  /// throws leaves the call that lets time pass. May be called from user code.
  void after(any_duration d, std::function<void()> f);

  // -- jobs --

  /// Registers the job on every node that is up, and on those that start later. `failure` for a definition that is
  /// refused, or an id that was registered so before.
  void register_job(job_definition definition);
  /// The same with what the builder builds; `failure` with its complaint.
  void register_job(const job_builder& builder);
  /// Calls `make` for each node that starts: for jobs with a state of their own, which a restart forgets. The id of the
  /// job must be the same each time.
  void register_job(std::function<job_definition(const node_id&)> make);

  // -- who owns what, as committed in the store --

  /// The node that the item is assigned to; empty: nobody, or no such item. `failure` for a job that nobody has
  /// registered.
  node_id owner(const job_id& job, const item_id& item) const;
  /// The node that holds the item's lock: nobody else runs it. After a crash still the former owner, until its time is
  /// over.
  node_id holder(const job_id& job, const item_id& item) const;
  /// All items of the job with their owners.
  std::map<item_id, node_id> owners(const job_id& job) const;
  /// Items assigned to the node, by job.
  std::map<job_id, std::vector<item_id>> items_of(const node_id& id) const;

  // -- what happened --

  /// All runs of all nodes, in the order of their beginning.
  const std::vector<run_record>& runs() const;
  /// The runs of one job, in the order of their beginning.
  std::vector<run_record> runs(const job_id& job) const;
  /// Runs that are going on, of all jobs when empty.
  std::vector<run_record> running(const job_id& job = {}) const;
  /// Every two runs of one item that overlapped: double work, which djm rules out as long as runs obey their stop
  /// request in time. A job that ignores it shows here.
  std::vector<overlap> overlaps() const;
  /// Runs of a paused process that were not over when another node had begun: what only fencing tokens protect from.
  /// Such a run counts among `overlaps` when it goes on for longer than its `stop_grace` after the node is resumed.
  std::vector<overlap> paused_overlaps() const;
  /// All events of all nodes, in the order in which they happened.
  const std::vector<seen_event>& events() const;
  /// Events of one kind, of one node or of all when empty.
  template <class Event>
  std::vector<Event> events_of(const node_id& id = {}) const {
    std::vector<Event> result;
    for (const auto& e : events()) {
      if (id.empty() || e.node == id) {
        if (const auto* x = std::get_if<Event>(&e.what)) {
          result.push_back(*x);
        }
      }
    }
    return result;
  }
  /// "12s n0 warning keeper: text" for each record of the nodes' logs and each fault that was done; the last 100,000.
  std::vector<std::string> log() const;
  /// The cluster in words: nodes, items, what is missing.
  std::string describe() const;
  /// The same for the same history: which actor did what when, what was committed, what ran.
  std::uint64_t trace_hash() const;
  /// Messages handled by actors so far.
  std::uint64_t steps() const;

private:
  friend class actor_access;
  friend class cluster_node;
  friend class tree_reach;
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace djm::test
