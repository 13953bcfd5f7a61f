#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "actors/node/event_outlet.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/node_jobs.hpp"
#include "actors/store/store_shell.hpp"

namespace djm {

/// The actors below a node: its parts, and the runner of each job. Starts, introduces and ends them as the supervisor
/// wants, and knows which of them are still the node's.
class node_children {
public:
  using part = supervisor_core::part;
  using down_fn = std::function<void(caf::actor_id, const caf::error&)>;

  /// `on_down`: a child has ended.
  node_children(const node_context& at, node_jobs& jobs, event_outlet& events, down_fn on_down)
    : at_(at), jobs_(jobs), events_(events), on_down_(std::move(on_down)) {}

  void start_part(part which, bool rebuilt);
  void start_runner(const job_id& job);
  /// Tells all parts and runners who is who; the store last, as it opens the session.
  void introduce_all();
  /// A runner that has outlived its worker: it and the new one get to know each other.
  void adopt_runner(const job_id& job);
  /// The runner of the job ends, and with it what the node holds of its code.
  void let_go(const job_id& job);

  /// As the present store has told last.
  void session_changed(const store::session_view& view) { session_ = view; }
  void joined() { has_joined_ = true; }

  /// The store has died: the others hear that its session is over. Returns what they hear.
  store::session_view tell_of_orphaned_session();
  void close_orphaned_session(const store::session_view& gone);
  /// Ends all but the store, which is dead: what comes after them is of another life.
  void forget_life();
  void end_all();

  /// Whether the actor is a part of the node as it is now, or the runner of a job that it has not let go.
  bool is_present(caf::actor_id id) const { return parts_.count(id) + runners_.count(id) > 0; }
  /// It has ended. Nothing: it was no part any more, no runner.
  std::optional<part> take_part(caf::actor_id id);
  std::optional<job_id> take_runner(caf::actor_id id);
  /// True, once: its exit comes because we are linked to it, and is no order to stop.
  bool take_exit(caf::actor_id id) { return own_.erase(id) > 0; }

private:
  template <class Handle>
  cx::watch adopt(const std::string& name, const Handle& child);
  std::shared_ptr<session_ports> make_ports() const;
  store_actor start_store();
  deployer_actor start_deployer();

  const node_context& at_;
  node_jobs& jobs_;
  event_outlet& events_;
  down_fn on_down_;
  std::map<caf::actor_id, part> parts_;
  std::map<caf::actor_id, job_id> runners_;
  std::set<caf::actor_id> own_; ///< whose exit has not come yet
  std::uint64_t stores_started_ = 0;
  std::shared_ptr<session_ports> ports_; ///< of the present store
  bool has_joined_ = false;              ///< in this life, in any session
  store::session_view session_;
};

} // namespace djm
