#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"

namespace djm {

namespace {

struct keeper_state {
  static inline const char* name = "djm.keeper";
  std::shared_ptr<node_env> env;
  std::unique_ptr<keeper_core> core;
  peers_ptr peers;
  wake_timer<keeper_actor> timer;
  /// The latest `joined`, for parts that were rebuilt since.
  std::optional<msg::joined> joined;
};

using self_ptr = cx::self_ptr<keeper_actor, keeper_state>;

void carry_out(self_ptr self, keeper_core::effects fx) {
  auto& st = self->state();
  const auto tell_all = [&](const auto& m) {
    self->mail(m).send(st.peers->worker);
    self->mail(m).send(st.peers->election);
    self->mail(m).send(st.peers->node);
  };
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, *st.env, st.peers->store, x); },
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](keeper_core::joined& x) {
                   st.joined = msg::joined{x.number, x.alive_data};
                   tell_all(*st.joined);
                 },
                 [&](keeper_core::unjoined&) {
                   st.joined.reset();
                   tell_all(msg::unjoined{});
                 },
                 [&](keeper_core::start_probing& x) {
                   self->mail(msg::start_probing{x.number, x.path}).send(st.peers->store);
                 },
                 [&](keeper_core::stop_probing&) { self->mail(msg::stop_probing{}).send(st.peers->store); },
                 [&](keeper_core::read_older& x) {
                   self->mail(msg::read_older{x.found, x.seen}).send(st.peers->store);
                 },
                 [&](keeper_core::left&) { self->mail(msg::left{}).send(st.peers->node); },
                 [&](keeper_core::failed& x) { self->mail(msg::failed{x.why}).send(st.peers->node); },
                 [&](emit_effect& x) { send_event(self, st.peers, x); },
                 [&](log_effect& x) { log_line(*st.env, "keeper", x); },
               },
               e);
  }
  st.timer.set(st.core->wake_at());
}

keeper_actor::behavior_type keeper_behavior(self_ptr self, std::shared_ptr<node_env> env, keeper_core::settings s) {
  init_part(self, std::move(env), std::move(s));
  return cx::make_behavior<keeper_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](msg::pool& m) { tell_core(self, &keeper_core::on_pool, m.job, std::move(m.items)); },
    [self](msg::wake) {
      self->state().timer.fired();
      tell_core(self, &keeper_core::on_wake);
    },
    [self](msg::commit_done& m) { tell_core(self, &keeper_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) { tell_core(self, &keeper_core::on_read, m.request, m.outcome); },
    [self](msg::watch_fired& m) { tell_core(self, &keeper_core::on_watch, m.event); },
    [self](msg::session_changed& m) { tell_core(self, &keeper_core::on_session, m.view); },
    [self](msg::offer& m) { tell_core(self, &keeper_core::on_offer, m.spec); },
    [self](msg::withdraw& m) { tell_core(self, &keeper_core::on_withdraw, m.job); },
    [self](msg::not_alive) { tell_core(self, &keeper_core::on_not_alive); },
    [self](msg::leave) { tell_core(self, &keeper_core::on_leave); },
    [self](msg::introduce& m) {
      auto& x = self->state();
      auto before = x.peers;
      replace_peers(self, std::move(m.who));
      if (before && x.joined && x.core->is_joined()) {
        if (before->worker != x.peers->worker) {
          self->mail(*x.joined).send(x.peers->worker);
        }
        if (before->election != x.peers->election) {
          self->mail(*x.joined).send(x.peers->election);
        }
      }
    },
    [self](msg::get_part_status) -> caf::result<keeper_status> { return self->state().core->status(); }, ignore_errors);
}

} // namespace

keeper_actor spawn_keeper(caf::actor_system& system, std::shared_ptr<node_env> env, keeper_core::settings s) {
  return system.spawn(keeper_behavior, std::move(env), std::move(s));
}

} // namespace djm
