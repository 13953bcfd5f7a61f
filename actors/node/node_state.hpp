#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "actors/common/open_problems.hpp"
#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "actors/node/admin_core.hpp"
#include "actors/node/event_desk.hpp"
#include "actors/node/guarded_job.hpp"
#include "actors/node/node_shell.hpp"
#include "actors/node/part_settings.hpp"
#include "actors/node/pool_sight.hpp"
#include "actors/node/supervisor_core.hpp"
#include "actors/store/store_shell.hpp"

/// What the files of the node's shell share: `node_shell` (who is answered what), `node_children` (the parts and
/// runners, as the supervisor wants them), `node_status` (one status out of many).
namespace djm {

/// The environment is closed: nothing of the node runs any more.
struct env_closed {};
DJM_FIELDS(env_closed)

/// The code of a job has looked at a configuration that is to be set.
struct config_judged {
  std::uint64_t wish = 0;
  bool ok = false;
  std::string failure;
};
DJM_FIELDS(config_judged, wish, ok, failure)

/// Nobody runs code of the job any more, and the user's object is released.
struct job_gone {
  job_id job;
};
DJM_FIELDS(job_gone, job)

using node_impl = node_actor::extend_with<supervisor_actor>::extend_with<store_client_actor>::extend_with<
  cx::typed<caf::result<void>(msg::wake), caf::result<void>(env_closed), caf::result<void>(job_gone),
            caf::result<void>(config_judged)>>;

/// The status of the node on its way: filled in by the parts, delivered once.
struct status_collector {
  node_status status;
  std::size_t open = 0;
  std::set<std::string> unanswered; ///< parts that were asked
  std::function<void(node_status)> done;
};

struct job_entry {
  job_spec spec;
  std::optional<followed_job> followed; ///< the latest; a new runner hears it
  std::optional<timetable> table{};     ///< of its calendar
  std::shared_ptr<job> code;            ///< guarded; null once the job was let go
  std::shared_ptr<job_activity> activity;
  runner_actor runner;
  cx::watch end{};                                        ///< of the runner
  std::vector<caf::typed_response_promise<void>> waiting; ///< for the job to be free
  pool_sight pool;
  std::int64_t submitted = 0; ///< czxid of the submission that it was made of; 0: the program's own
  bool removal_told = false;  ///< that it was removed from the cluster
};

struct listener_entry {
  caf::actor handle;
  cx::watch end;
};

struct node_state {
  static inline const char* name = "djm.node";
  node_identity identity;
  node_parts parts;
  std::unique_ptr<supervisor_core> life;
  std::unique_ptr<admin_core> admin;
  wake_timer<node_impl> timer;

  // the children
  std::shared_ptr<peers> now;
  std::map<caf::actor_id, supervisor_core::part> part_ids;
  std::map<caf::actor_id, job_id> runner_ids;
  std::map<job_id, job_entry> jobs;
  std::set<caf::actor_id> own; ///< children whose exit has not come yet: it is no order to stop
  std::uint64_t stores_started = 0;
  std::shared_ptr<session_ports> ports; ///< of the present store
  bool has_joined = false;              ///< in this life, in any session
  store::session_view session;          ///< as the present store told last
  time_point started{};
  std::optional<time_point> first_joined;
  std::optional<time_point> asked_to_stop;

  // who waits for what
  std::uint64_t next_wish = 1;
  std::map<std::uint64_t, caf::typed_response_promise<void>> wishes;
  std::map<std::uint64_t, caf::typed_response_promise<std::int64_t>> orders;
  std::map<std::uint64_t, caf::typed_response_promise<cluster_view>> views;
  std::map<std::uint64_t, caf::typed_response_promise<item_state>> item_states;
  std::vector<caf::typed_response_promise<void>> stoppers;
  std::set<std::shared_ptr<status_collector>> statuses;

  std::map<caf::actor_id, listener_entry> listeners;
  caf::actor teller;    ///< logs how the node is; nobody else knows it
  caf::actor reporting; ///< tells the reporter, likewise
  bool last_status_asked = false;
  std::optional<node_status> last_status; ///< for the reporter, from before the parts end
  std::unique_ptr<event_desk> desk;
};

using node_ptr = cx::self_ptr<node_impl, node_state>;

/// Carries out what a core wants, and sets the timer to what both want.
void carry_out(node_ptr self, supervisor_core::effects fx);
void carry_out(node_ptr self, admin_core::effects fx);

/// Tells one of the node's own cores of something that happens now, by a member `on(args..., now)`, and carries out
/// what it wants done.
template <class... Params, class... Args>
void tell(node_ptr self, supervisor_core::effects (supervisor_core::*on)(Params...), Args&&... args) {
  auto& st = self->state();
  carry_out(self, (st.life.get()->*on)(std::forward<Args>(args)..., st.parts.env->now()));
}
template <class... Params, class... Args>
void tell(node_ptr self, admin_core::effects (admin_core::*on)(Params...), Args&&... args) {
  auto& st = self->state();
  carry_out(self, (st.admin.get()->*on)(std::forward<Args>(args)..., make_step(*st.parts.env)));
}

/// Sets the node's one timer to the earliest moment that a core waits for.
inline void set_timer(node_state& st) {
  st.timer.set(earliest(earliest(st.life->wake_at(), st.admin->wake_at()), st.desk->wake_at()));
}

/// The time as people read it.
inline std::int64_t now_ms(const node_state& st) {
  return st.parts.env->wall_ms();
}

/// Logs what happened and tells everyone who has subscribed.
void publish(node_ptr self, event what);
/// Whenever they have changed: parts leave out what nobody hears.
inline void count_listeners(const node_state& st) {
  if (st.now) {
    st.now->audience->store(st.listeners.size());
  }
}
/// From now on it hears everything, and first of all how things stand.
void add_listener(node_ptr self, const caf::actor& listener);
/// The component is gone, or the job has ended: what was wrong with it is over.
void component_over(node_ptr self, const std::string& component);
void job_over(node_ptr self, const job_id& job);
/// Logs how many lines were left out because they repeat.
void log_left_out(node_state& st);

/// Names a life of a node.
std::string make_incarnation(node_env& env);

/// A child or a listener has ended.
void on_down(node_ptr self, caf::actor_id id, const caf::error& why);

/// Waits for that.
template <class Handle>
cx::watch watch_child(node_ptr self, const Handle& child) {
  return self->monitor(child, [self, id = child.id()](const caf::error& why) { on_down(self, id, why); });
}

/// Asks every part and runner, answers when all have answered or two seconds are over.
caf::result<node_status> collect_status(node_ptr self);
void deliver_status(status_collector& c);
/// For the reporter, where there is one: while the parts can still answer, and when they are gone.
void ask_for_last_status(node_ptr self);
void report_the_end(node_state& st);

inline error stopping_error(const node_state& st) {
  return {errc::shutting_down, "node \"" + st.identity.config.id + "\" is shutting down"};
}

/// Names what keeps a job: its runs, its other functions, its destructor.
error hanging_error(const node_state& st, const job_id& job);

} // namespace djm
