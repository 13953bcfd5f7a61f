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

using self_ptr = election_actor::stateful_pointer<election_state>;

void carry_out(self_ptr self, election_core::effects fx) {
  auto& st = cx::state(self);
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, st.peers, x); },
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](election_core::granted& x) {
                   st.term = msg::granted{x.epoch, x.latch};
                   cx::send(self, st.peers->manager, *st.term);
                 },
                 [&](election_core::revoked&) {
                   st.term.reset();
                   cx::send(self, st.peers->manager, msg::revoked{});
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
  init_part(self);
  auto& st = cx::state(self);
  st.env = std::move(env);
  st.core = std::make_unique<election_core>(std::move(s));
  st.timer.init(st.env, caf::weak_actor_ptr{self->ctrl()});
  return cx::behavior<election_actor>(
    self,
    [self](msg::commit_done& m) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_commit(m.request, m.outcome, make_step(*x.env)));
    },
    [self](msg::read_done& m) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_read(m.request, m.outcome, make_step(*x.env)));
    },
    [self](msg::watch_fired& m) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_watch(m.event, make_step(*x.env)));
    },
    [self](msg::session_changed& m) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_session(m.view, make_step(*x.env)));
      if (auto early = x.early.on_session(m.view.number)) {
        carry_out(self, x.core->on_joined(early->number, make_step(*x.env)));
      }
    },
    [self](msg::joined& m) {
      auto& x = cx::state(self);
      if (x.early.timely(m)) {
        carry_out(self, x.core->on_joined(m.number, make_step(*x.env)));
      }
    },
    [self](msg::unjoined) {
      auto& x = cx::state(self);
      x.early.clear();
      carry_out(self, x.core->on_unjoined(make_step(*x.env)));
    },
    [self](msg::resign) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_resign(make_step(*x.env)));
    },
    [self](msg::wake) {
      auto& x = cx::state(self);
      x.timer.fired();
      carry_out(self, x.core->on_wake(make_step(*x.env)));
    },
    [self](peers_ptr& p) {
      auto& x = cx::state(self);
      auto before = x.peers;
      if (replace_peers(x.peers, std::move(p))) {
        cx::send(self, x.peers->store, msg::attach{});
      }
      if (before && x.term && before->manager != x.peers->manager) {
        cx::send(self, x.peers->manager, *x.term);
      }
    },
    [self](msg::get_part_status) -> caf::result<election_status> { return cx::state(self).core->status(); });
}

} // namespace

election_actor spawn_election(caf::actor_system& system, std::shared_ptr<node_env> env, election_core::settings s) {
  return system.spawn(election_behavior, std::move(env), std::move(s));
}

} // namespace djm
