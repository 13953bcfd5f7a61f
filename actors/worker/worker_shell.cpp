#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"

namespace djm {

namespace {

class worker_shell : public part_shell<worker_shell, worker_actor, worker_core> {
public:
  static inline const char* name = "djm.worker";

  worker_actor::behavior_type make_behavior();

  void apply(commit_effect& x) { send_commit(self, *env, peers_->store, x); }
  void apply(read_effect& x) { send_read(self, peers_, x); }
  void apply(emit_effect& x) { send_event(self, peers_, x); }
  void apply(log_effect& x) { log_line(*env, "worker", x); }
  void apply(item_grant& x);
  void apply(item_revocation& x);
  void apply(lease_renewal& x);
  void apply(registration_lost&) { self->mail(msg::not_alive{}).send(peers_->keeper); }
  void apply(worker_drained&) { self->mail(msg::drained{}).send(peers_->node); }
  void apply(state_answer& x);
  void apply(slots_told& x);
  void apply(worker_settled& x) { self->mail(msg::settled{x.settled}).send(peers_->node); }
  /// After the effects of each event.
  void carried_out();

private:
  void session_changed(const store::session_view& view);
  void joined(msg::joined& m);
  void add(add_runner& m);
  void keep_states();
  void wanted(state_asked& m);

  peers_ptr peers_;
  early_joined early_;
  std::map<job_id, runner_actor> runners_;
  std::optional<msg::lease> lease_; ///< the latest, for runners that come later
  std::uint64_t last_wish_ = 0;
  /// Of the wishes of runs that are not answered. What is left of them at the end is answered by being let go.
  std::map<std::uint64_t, std::shared_ptr<state_reply>> replies_;
};

void worker_shell::apply(item_grant& x) {
  if (const auto r = runners_.find(x.job); r != runners_.end()) {
    self->mail(msg::grant{std::move(x.items), x.more_to_come}).send(r->second);
  }
}

void worker_shell::apply(item_revocation& x) {
  if (const auto r = runners_.find(x.job); r != runners_.end()) {
    self->mail(msg::revoke{std::move(x.items), x.reason}).send(r->second);
  } else {
    // No runner here can hold them.
    self->mail(msg::released{x.job, std::move(x.items)}).send(self);
  }
}

void worker_shell::apply(lease_renewal& x) {
  // First of all the executor, which sees to the end of the lease whatever becomes of the actors.
  env->exec().renew_lease({x.session, x.deadline, x.after_close, x.deadline - x.run_until});
  if (x.goes_on && lease_) {
    lease_->run_until = x.run_until;
    lease_->deadline = x.deadline;
    env->leases().renew(x.run_until, x.deadline);
    return;
  }
  lease_ = msg::lease{env->leases().begin(x.run_until, x.deadline), x.run_until, x.deadline};
  for (auto& [job, runner] : runners_) {
    self->mail(*lease_).send(runner);
  }
}

void worker_shell::carried_out() {
  for (const auto& job : core->take_free_jobs([this](const job_id& j) { return env->exec().runs(j); })) {
    runners_.erase(job);
    self->mail(msg::job_free{job}).send(peers_->node);
  }
}

void worker_shell::session_changed(const store::session_view& view) {
  tell(&worker_core::on_session, view);
  if (auto early = early_.on_session(view.number)) {
    tell(&worker_core::on_joined, early->number, std::move(early->alive_data));
  }
}

void worker_shell::joined(msg::joined& m) {
  if (early_.timely(m)) {
    tell(&worker_core::on_joined, m.number, std::move(m.alive_data));
  }
}

void worker_shell::add(add_runner& m) {
  const bool rebuilt = !runners_.insert_or_assign(m.job, m.runner).second;
  if (lease_) {
    self->mail(*lease_).send(m.runner);
  }
  tell(rebuilt ? &worker_core::on_runner_rebuilt : &worker_core::on_job_added, m.job);
}

/// Runs ask from their own threads.
void worker_shell::keep_states() {
  env->exec().keep_states({[weak = caf::weak_actor_ptr{self->ctrl()}](state_request r) {
                             post_to<worker_actor>(weak, state_asked{std::move(r)});
                           },
                           core->state_patience()});
}

void worker_shell::wanted(state_asked& m) {
  auto& r = m.what;
  const auto id = ++last_wish_;
  replies_.emplace(id, std::move(r.reply));
  tell(&worker_core::on_state_wish, state_wish{id, std::move(r.item), r.token, std::move(r.save)});
}

void worker_shell::apply(state_answer& x) {
  if (const auto reply = replies_.extract(x.id)) {
    reply.mapped()->give(std::move(x.what));
  }
}

void worker_shell::apply(slots_told& x) {
  if (const auto r = runners_.find(x.job); r != runners_.end()) {
    self->mail(std::move(x)).send(r->second);
  }
}

worker_actor::behavior_type worker_shell::make_behavior() {
  keep_states();
  return cx::make_behavior<worker_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [this](msg::contact& m) { tell(&worker_core::on_contact, m.number, m.at); }, //
    [this](msg::wake) { woken(); }, [this](state_asked& m) { wanted(m); },
    [this](slots_asked& m) { tell(&worker_core::on_slot_wishes, m.job, std::move(m.wishes)); },
    [this](msg::commit_done& m) { tell(&worker_core::on_commit, m.request, m.outcome); },
    [this](msg::read_done& m) { tell(&worker_core::on_read, m.request, m.outcome); },
    [this](msg::watch_fired& m) { tell(&worker_core::on_watch, m.event); },
    [this](msg::session_changed& m) { session_changed(m.view); }, //
    [this](msg::joined& m) { joined(m); },
    [this](msg::unjoined) {
      early_.clear();
      tell(&worker_core::on_unjoined);
    },
    [this](msg::released& m) { tell(&worker_core::on_released, m.job, m.items); }, //
    [this](msg::declined& m) { tell(&worker_core::on_declined, m.job, m.items, m.length, m.why); },
    [this](add_runner& m) { add(m); }, [this](msg::remove_job& m) { tell(&worker_core::on_job_removed, m.job); },
    [this](msg::drain) { tell(&worker_core::on_drain); }, //
    [this](msg::hurry) { tell(&worker_core::on_hurry); },
    [this](msg::introduce& m) { replace_peers(self, peers_, std::move(m.who)); },
    [this](msg::get_part_status) -> caf::result<worker_status> { return core->status(env->now()); }, ignore_errors);
}

worker_actor::behavior_type worker_behavior(worker_shell::self_ptr self, std::shared_ptr<node_env> env,
                                            worker_core::settings s) {
  self->state().init(self, std::move(env), std::move(s));
  return self->state().make_behavior();
}

} // namespace

worker_actor spawn_worker(caf::actor_system& system, std::shared_ptr<node_env> env, worker_core::settings s) {
  return system.spawn(worker_behavior, std::move(env), std::move(s));
}

} // namespace djm
