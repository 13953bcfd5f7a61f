#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/node/node_shell.hpp"
#include "djm/enum_names.hpp"
#include "djm/node_actor.hpp"
#include "simulation/chance.hpp"
#include "simulation/network.hpp"
#include "simulation/process.hpp"
#include "simulation/scheduler.hpp"
#include "simulation/virtual_env.hpp"
#include "simulation/virtual_executor.hpp"

namespace djm::sim {

/// What a virtual cluster is made of.
struct cluster_setup {
  std::uint64_t seed = 1;
  /// Each has a link of its own to every server.
  std::size_t machines = 5;
  store::ensemble_options ensemble;
  /// Clock rates differ by up to so many parts per million.
  std::int64_t skew_ppm = 0;
  /// Every message on a wire takes so long.
  duration least_delay = std::chrono::microseconds{100};
  duration most_delay = std::chrono::milliseconds{2};
  /// What calendars are evaluated in; empty: the zones of this machine.
  time_zone_source zones{};
};

/// One life of one node: a process, what it gives to the node, and the node. Stays until the end of the cluster: what
/// the process has left behind refers to it.
struct host {
  std::unique_ptr<process> p;
  node_config config;
  std::shared_ptr<virtual_env> env;
  /// Null when it is not up.
  node_actor node;
  /// Held here: monitoring alone does not keep it alive.
  caf::actor listener;
  /// The node's actors by name, the dead ones too.
  std::map<std::string, caf::weak_actor_ptr> parts;
  unsigned parts_killed = 0;
  /// Neither crashed nor stopped.
  bool up = true;
  /// Its actors handle nothing.
  bool held = false;
};

/// What happens to a host; the words go into the trace.
enum class happening : std::uint8_t {
  starts,
  told_to_stop,
  ends,
  crashes,
  pauses,
  resumes,
  /// All its actors, see `virtual_cluster::hold`.
  held,
  released,
  /// One of its parts.
  part_held,
  part_dies,
  clock_set,
  /// The node goes on in another life, without another process.
  reborn,
};

constexpr auto enum_names(happening) {
  return name_enum("happening", "starts", "is told to stop", "has ended", "crashes", "is paused", "is resumed",
                   "has its actors held", "has its actors released", "is held before it sends as", "loses its",
                   "has its wall clock wrong by", "goes on as");
}

/// A whole cluster in one thread on virtual time: nodes of the real code over a modelled ensemble, one message of one
/// actor at a time, and every fault of processes at the caller's command. The same setup and the same calls give the
/// same history. What runs in the processes, and who watches them, is the derived class's to say.
class virtual_cluster : public run_observer, public wire_observer {
public:
  /// Number of a host's process.
  using handle = std::uint32_t;

  virtual_cluster(const virtual_cluster&) = delete;
  virtual_cluster& operator=(const virtual_cluster&) = delete;

  /// Where the time of each cluster begins.
  static constexpr time_point start_of_time{std::chrono::hours{1}};

  // -- hosts --

  host& host_of(handle h) { return hosts_.at(h); }
  const host& host_of(handle h) const { return hosts_.at(h); }
  process& process_of(handle h) { return *hosts_.at(h).p; }
  bool up(handle h) const { return hosts_.at(h).up; }
  bool is_paused(handle h) const { return hosts_.at(h).p->paused(); }
  bool is_held(handle h) const { return hosts_.at(h).held; }
  /// Whether the process of this incarnation is up.
  bool up_as(const std::string& incarnation) const;
  /// Those that are up.
  std::vector<handle> processes() const;
  /// The one that is up on this machine, if any.
  std::optional<handle> on(std::size_t machine) const;
  /// A process without a node, on a machine of its own whose links have no delays; or on the first or second of
  /// the `other` ones, where nobody else is.
  std::unique_ptr<process> make_stranger(node_id name = "stranger", std::size_t other = 0);

  /// Sends a message that the node answers with nothing; an error lands in `refusals`.
  template <class Message>
  void tell(handle h, Message m, std::function<void(const error&)> refused = {});
  template <class Result, class Message>
  void ask(handle h, Message m, std::function<void(const Result&)> answer);
  /// Returns them and forgets them.
  std::vector<std::string> take_refusals() { return std::exchange(refusals_, {}); }
  const std::vector<std::string>& refusals() const { return refusals_; }

  // -- faults of hosts; crashes, pauses and holds, and their ends, leave those alone that are not up --

  /// It is told to: that takes as long as it takes.
  void stop(handle h, bool hurry = false);
  /// The process is gone, its runs with it; its session is left to expire.
  void crash(handle h);
  /// After so many further messages.
  void crash_after(handle h, std::uint64_t steps) { doomed_ = {h, coordinator_->steps() + steps}; }
  void pause(handle h);
  void resume(handle h);
  /// Its actors handle nothing any more, as if something blocked their threads; runs, the library's threads and the
  /// timer of the lease go on.
  void hold(handle h);
  void release(handle h);
  /// One part (the name of its actor) is held after each decision, before the transaction is sent, until it is let go;
  /// `on_held` is called at the first. The others go on.
  void hold_part(handle h, const std::string& part, std::function<void()> on_held);
  void let_go(handle h) { hosts_.at(h).env->let_go(); }
  std::vector<std::string> parts_of(handle h) const;
  /// One of them dies as if it had thrown; false where it is dead or enough have died.
  bool kill_part(handle h, const std::string& name);
  /// Somebody sets the wall clock of the process: it is wrong by so much from now on.
  void set_wall_clock(handle h, duration error);

  // -- network and store --

  network& net() { return *network_; }
  const network& net() const { return *network_; }
  store::embedded_ensemble& ensemble() { return ensemble_; }
  const store::embedded_ensemble& ensemble() const { return ensemble_; }
  /// To be called after something was done to the ensemble directly.
  void touched_ensemble() { network_->settle(); }

  // -- time --

  time_point now() const { return timeline_.now; }
  void run_for(duration d) { run_until(timeline_.now + d); }
  void run_until(time_point t);
  /// True as soon as the condition holds, false when it does not within the limit. Looks at every event.
  bool run_until(const std::function<bool()>& condition, duration limit);
  /// Something that happens at a moment.
  void at(time_point when, std::function<void()> f) { timeline_.events.at(when, std::move(f)); }
  /// Within an event: no time may pass.
  bool busy() const noexcept { return busy_; }

  // -- what there is to see --

  caf::actor_system& system() { return system_; }
  /// Of what was committed, which actors ran, and what was mixed in.
  std::uint64_t trace_hash() const { return mix(hash_ ^ coordinator_->hash()); }
  std::uint64_t steps() const { return coordinator_->steps(); }
  /// The latest lines that were noted.
  const std::deque<std::string>& trace() const { return trace_; }

protected:
  explicit virtual_cluster(cluster_setup setup);
  ~virtual_cluster() override = default;

  /// Starts a process with a node on the machine. Of the parts, strategies and the host's name are the caller's.
  handle launch(std::size_t machine, node_config config, node_parts parts);
  /// Everything crashes, and nobody is told anything more. The destructor of the derived class calls it, before what it
  /// refers to goes.
  void end();
  /// Until something has happened; false when nothing does until then.
  bool advance(time_point limit);
  void run_actors();
  /// For `trace`.
  void keep(std::string line);
  void mix_in(std::uint64_t x) { hash_ = mix(hash_ ^ x); }

  // -- what the derived class decides and hears --

  /// `seed` is the process's.
  virtual std::unique_ptr<virtual_executor> make_executor(handle h, process& p, const node_config& config,
                                                          std::uint64_t seed) = 0;
  /// `detail` completes the words of the happening, often with nothing.
  virtual void happens(host&, happening, const std::string& detail) = 0;
  virtual void told(handle, const node_event&) {}
  virtual void logged(const process&, const log_record&) {}
  virtual void committed(const store::committed_transaction&, time_point) {}
  /// So many messages were handled and time does not move. True: enough of that.
  virtual bool runs_away(std::uint64_t) { return false; }
  /// Time is to pass no further.
  virtual bool over() const { return false; }

  timeline& line() noexcept { return timeline_; }
  sim_coordinator& coordinator() noexcept { return *coordinator_; }

private:
  /// Sets a flag for as long as it lives.
  struct during {
    explicit during(bool& f) : flag(f), before(std::exchange(f, true)) {}
    ~during() { flag = before; }
    bool& flag;
    const bool before;
  };

  void on_down(handle h, const caf::error& why);
  void note_commit(const store::committed_transaction& txn, time_point t);
  void notice_new_lives(const store::committed_transaction& txn);

  cluster_setup setup_;
  chance chance_;
  timeline timeline_;
  store::embedded_ensemble ensemble_;
  std::deque<std::string> trace_;
  std::vector<std::string> refusals_;
  std::uint64_t hash_ = 0;
  bool busy_ = false;
  sim_config config_;
  sim_system system_;
  sim_coordinator* coordinator_;
  std::unique_ptr<network> network_;
  std::map<handle, host> hosts_;
  handle last_ = 0;
  std::optional<std::pair<handle, std::uint64_t>> doomed_;
  /// The present moment, and how many steps there were before it.
  time_point instant_{};
  std::uint64_t instant_began_ = 0;
};

} // namespace djm::sim

#include "simulation/cluster_talk.hpp"
