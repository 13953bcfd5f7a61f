#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/node/admin_shell.hpp"
#include "actors/node/event_outlet.hpp"
#include "actors/node/job_questions.hpp"
#include "actors/node/node_children.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/node_jobs.hpp"
#include "actors/node/status_desk.hpp"
#include "actors/node/supervisor_core.hpp"

namespace djm {

/// The state of the node's actor: around `supervisor_core`, and the owner of the rest, which are classes with state of
/// their own. Messages go to one of them, or become events of the supervisor.
class node_shell {
  using core = supervisor_core;

public:
  static inline const char* name = "djm.node";

  void init(node_ptr me, node_config config, node_parts parts);
  node_impl::behavior_type make_behavior();

  // what the supervisor wants
  void apply(core::start_part& x) { children_.start_part(x.which, x.rebuilt); }
  void apply(core::start_runner& x) { children_.start_runner(x.job); }
  void apply(core::introduce_all&) { children_.introduce_all(); }
  void apply(core::introduce_worker&) { self->mail(at_.who_is_who()).send(at_.who->worker); }
  void apply(core::adopt_runner& x) { children_.adopt_runner(x.job); }
  void apply(core::offer& x);
  void apply(core::withdraw& x) { self->mail(msg::withdraw{x.job}).send(at_.who->keeper); }
  void apply(core::remove_job& x) { self->mail(msg::remove_job{x.job}).send(at_.who->worker); }
  void apply(core::let_go& x) { children_.let_go(x.job); }
  void apply(core::free_job& x) { jobs_.free_name(x.job); }
  void apply(core::give_up_job& x) { jobs_.give_up(x.job); }
  void apply(core::open_session&) { self->mail(msg::attach{}).send(at_.who->store); }
  void apply(core::end_session&);
  void apply(core::forget_life&);
  void apply(core::refuse_wishes&);
  void apply(core::stop_runs& x) { self->mail(msg::stop_runs{stop_reason::shutdown}).send(jobs_.at(x.job).runner); }
  void apply(core::drain_worker&) { self->mail(msg::drain{}).send(at_.who->worker); }
  void apply(core::hurry_worker&) { self->mail(msg::hurry{}).send(at_.who->worker); }
  void apply(core::leave&);
  void apply(core::close_session&);
  void apply(core::end_parts&) { children_.end_all(); }
  void apply(core::close_environment&);
  void apply(core::finish&);
  void apply(core::report& x) { events_.publish(problem{std::move(x.component), std::move(x.why)}); }

private:
  /// Something happens now, which the supervisor has a member `on(args..., now)` for.
  template <class... Params, class... Args>
  void tell(core::effects (core::*on)(Params...), Args&&... args) {
    carry_out((life_.get()->*on)(std::forward<Args>(args)..., at_.env().now()));
  }
  void carry_out(core::effects fx);
  /// The node's one timer stands at the earliest moment that one of its cores waits for.
  void set_timer();

  // from users
  caf::result<void> admit(register_job& m);
  caf::result<void> give_back(const unregister_job& m);
  caf::result<item_explanation> explain(explain_item& m);
  caf::result<void> listen(const caf::actor& listener);
  caf::result<void> listen_no_more(const caf::actor& listener);
  caf::result<void> stop(bool hurry);

  // from parts
  void happened(event& what);
  void joined();
  void unjoined();
  void session_changed(const store::session_view& view);
  void end_job(const job_id& job, const std::string& why);
  void deploy(const deploy_job& m);
  void undeploy(const job_id& job);

  void woken();
  void on_down(caf::actor_id id, const caf::error& why);
  void on_exit(const caf::exit_msg& m);
  std::optional<error> add_job(register_job& m, std::int64_t submitted);

  node_ptr self = nullptr;
  node_context at_;
  std::unique_ptr<core> life_;
  wake_timer<node_impl> timer_;
  node_jobs jobs_{at_, events_};
  node_children children_{at_, jobs_, events_, [this](caf::actor_id id, const caf::error& why) { on_down(id, why); }};
  job_questions questions_{at_, jobs_};
  admin_shell admin_{at_, jobs_, [this] { set_timer(); }};
  std::vector<caf::typed_response_promise<void>> stoppers_;
  event_outlet events_{at_, [this] { set_timer(); }};
  status_desk statuses_{at_, jobs_, events_};
};

} // namespace djm
