#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"

namespace djm {

namespace {

struct election_state {
  static inline const char* name = "djm.election";
  std::shared_ptr<node_env> env;
  std::unique_ptr<election_core> core;
  peers_ptr peers;
  wake_timer<election_actor> timer;
  early_joined early;
  /// The term under way, for a manager that was rebuilt in it.
  std::optional<msg::granted> term;
};

using self_ptr = cx::self_ptr<election_actor, election_state>;

void carry_out(self_ptr self, election_core::effects fx) {
  auto& st = self->state();
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, *st.env, st.peers->store, x); },
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](election_core::granted& x) {
                   st.term = msg::granted{x.epoch, x.latch, x.session};
                   self->mail(*st.term).send(st.peers->manager);
                 },
                 [&](election_core::revoked&) {
                   st.term.reset();
                   self->mail(msg::revoked{}).send(st.peers->manager);
                 },
                 [&](emit_effect& x) { send_event(self, st.peers, x); },
                 [&](log_effect& x) { log_line(*st.env, "election", x); },
               },
               e);
  }
  st.timer.set(st.core->wake_at());
}

election_actor::behavior_type election_behavior(self_ptr self, std::shared_ptr<node_env> env,
                                                election_core::settings s) {
  init_part(self, std::move(env), std::move(s));
  return cx::make_behavior<election_actor>(
    self, [self](msg::commit_done& m) { tell_core(self, &election_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) { tell_core(self, &election_core::on_read, m.request, m.outcome); },
    [self](msg::watch_fired& m) { tell_core(self, &election_core::on_watch, m.event); },
    [self](msg::session_changed& m) {
      auto& x = self->state();
      tell_core(self, &election_core::on_session, m.view);
      if (auto early = x.early.on_session(m.view.number)) {
        tell_core(self, &election_core::on_joined, early->number);
      }
    },
    [self](msg::joined& m) {
      auto& x = self->state();
      if (x.early.timely(m)) {
        tell_core(self, &election_core::on_joined, m.number);
      }
    },
    [self](msg::unjoined) {
      auto& x = self->state();
      x.early.clear();
      tell_core(self, &election_core::on_unjoined);
    },
    [self](msg::resign) { tell_core(self, &election_core::on_resign); },
    [self](msg::wake) {
      self->state().timer.fired();
      tell_core(self, &election_core::on_wake);
    },
    [self](msg::introduce& m) {
      auto& x = self->state();
      auto before = x.peers;
      replace_peers(self, std::move(m.who));
      if (before && x.term && before->manager != x.peers->manager) {
        self->mail(*x.term).send(x.peers->manager);
      }
    },
    [self](msg::get_part_status) -> caf::result<election_status> { return self->state().core->status(); },
    ignore_errors);
}

} // namespace

election_actor spawn_election(caf::actor_system& system, std::shared_ptr<node_env> env, election_core::settings s) {
  return system.spawn(election_behavior, std::move(env), std::move(s));
}

} // namespace djm
