#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"

namespace djm {

namespace {

struct worker_state {
  static inline const char* name = "djm.worker";
  std::shared_ptr<node_env> env;
  std::unique_ptr<worker_core> core;
  peers_ptr peers;
  wake_timer<worker_actor> timer;
  early_joined early;
  std::map<job_id, runner_actor> runners;
  std::set<job_id> leaving; ///< jobs whose last item the node waits for
  std::optional<msg::lease> lease;
};

using self_ptr = cx::self_ptr<worker_actor, worker_state>;

void carry_out(self_ptr self, worker_core::effects fx) {
  auto& st = self->state();
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, *st.env, st.peers->store, x); },
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](worker_core::grant& x) {
                   if (auto r = st.runners.find(x.job); r != st.runners.end()) {
                     self->mail(msg::grant{std::move(x.items)}).send(r->second);
                   }
                 },
                 [&](worker_core::revoke& x) {
                   if (auto r = st.runners.find(x.job); r != st.runners.end()) {
                     self->mail(msg::revoke{std::move(x.items), x.reason}).send(r->second);
                   } else {
                     // Nobody here can hold them.
                     self->mail(msg::released{x.job, std::move(x.items)}).send(self);
                   }
                 },
                 [&](worker_core::renew_lease& x) {
                   // First of all the executor, which sees to the end of the lease whatever becomes of the actors.
                   st.env->exec().renew_lease({x.session, x.deadline, x.after_close, x.deadline - x.run_until});
                   st.lease = msg::lease{x.run_until, x.deadline};
                   for (auto& [job, runner] : st.runners) {
                     self->mail(*st.lease).send(runner);
                   }
                 },
                 [&](worker_core::not_alive&) { self->mail(msg::not_alive{}).send(st.peers->keeper); },
                 [&](worker_core::drained&) { self->mail(msg::drained{}).send(st.peers->node); },
                 [&](worker_core::settled_changed& x) { self->mail(msg::settled{x.settled}).send(st.peers->node); },
                 [&](emit_effect& x) { send_event(self, st.peers, x); },
                 [&](log_effect& x) { log_line(*st.env, "worker", x); },
               },
               e);
  }
  for (auto j = st.leaving.begin(); j != st.leaving.end();) {
    // A worker that was rebuilt may not know yet what runs; the executor does.
    if (st.core->holds_items_of(*j) || !st.env->exec().running(*j).empty()) {
      ++j;
    } else {
      st.runners.erase(*j);
      self->mail(msg::job_free{*j}).send(st.peers->node);
      j = st.leaving.erase(j);
    }
  }
  st.timer.set(st.core->wake_at());
}

worker_actor::behavior_type worker_behavior(self_ptr self, std::shared_ptr<node_env> env, worker_core::settings s) {
  init_part(self, std::move(env), std::move(s));
  return cx::make_behavior<worker_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](msg::contact& m) { tell_core(self, &worker_core::on_contact, m.number, m.at); },
    [self](msg::wake) {
      self->state().timer.fired();
      tell_core(self, &worker_core::on_wake);
    },
    [self](msg::commit_done& m) { tell_core(self, &worker_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) { tell_core(self, &worker_core::on_read, m.request, m.outcome); },
    [self](msg::watch_fired& m) { tell_core(self, &worker_core::on_watch, m.event); },
    [self](msg::session_changed& m) {
      auto& x = self->state();
      tell_core(self, &worker_core::on_session, m.view);
      if (auto early = x.early.on_session(m.view.number)) {
        tell_core(self, &worker_core::on_joined, early->number, std::move(early->alive_data));
      }
    },
    [self](msg::joined& m) {
      auto& x = self->state();
      if (x.early.timely(m)) {
        tell_core(self, &worker_core::on_joined, m.number, std::move(m.alive_data));
      }
    },
    [self](msg::unjoined) {
      auto& x = self->state();
      x.early.clear();
      tell_core(self, &worker_core::on_unjoined);
    },
    [self](msg::released& m) { tell_core(self, &worker_core::on_released, m.job, m.items); },
    [self](add_runner& m) {
      auto& x = self->state();
      const bool rebuilt = x.runners.count(m.job) > 0;
      x.runners[m.job] = m.runner;
      if (!rebuilt) {
        x.leaving.erase(m.job); // a runner that died changes nothing about a job that is to go
      }
      if (x.lease) {
        self->mail(*x.lease).send(m.runner);
      }
      carry_out(self, rebuilt ? x.core->on_runner_rebuilt(m.job, make_step(*x.env))
                              : x.core->on_job_added(m.job, make_step(*x.env)));
    },
    [self](msg::remove_job& m) {
      auto& x = self->state();
      x.leaving.insert(m.job);
      tell_core(self, &worker_core::on_job_removed, m.job);
    },
    [self](msg::drain) { tell_core(self, &worker_core::on_drain); },
    [self](msg::hurry) { tell_core(self, &worker_core::on_hurry); },
    [self](msg::introduce& m) { replace_peers(self, std::move(m.who)); },
    [self](msg::get_part_status) -> caf::result<worker_status> {
      auto& x = self->state();
      return x.core->status(x.env->now());
    },
    ignore_errors);
}

} // namespace

worker_actor spawn_worker(caf::actor_system& system, std::shared_ptr<node_env> env, worker_core::settings s) {
  return system.spawn(worker_behavior, std::move(env), std::move(s));
}

} // namespace djm
