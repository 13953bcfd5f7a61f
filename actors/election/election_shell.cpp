#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"

namespace djm {

namespace {

class election_shell : public part_shell<election_shell, election_actor, election_core> {
public:
  static inline const char* name = "djm.election";

  election_actor::behavior_type make_behavior();

  void apply(commit_effect& x) { send_commit(self, *env, peers_->store, x); }
  void apply(read_effect& x) { send_read(self, peers_, x); }
  void apply(emit_effect& x) { send_event(self, peers_, x); }
  void apply(log_effect& x) { log_line(*env, "election", x); }
  void apply(election_core::granted& x) {
    term_ = msg::granted{x.epoch, x.latch, x.session};
    self->mail(*term_).send(peers_->manager);
  }
  void apply(election_core::revoked&) {
    term_.reset();
    self->mail(msg::revoked{}).send(peers_->manager);
  }

private:
  void session_changed(const store::session_view& view);
  void introduce(peers_ptr who);

  peers_ptr peers_;
  early_joined early_;
  /// The term under way, for a manager that was rebuilt in it.
  std::optional<msg::granted> term_;
};

void election_shell::session_changed(const store::session_view& view) {
  tell(&election_core::on_session, view);
  if (const auto early = early_.on_session(view.number)) {
    tell(&election_core::on_joined, early->number);
  }
}

void election_shell::introduce(peers_ptr who) {
  const auto before = peers_;
  replace_peers(self, peers_, std::move(who));
  if (before && term_ && before->manager != peers_->manager) {
    self->mail(*term_).send(peers_->manager);
  }
}

election_actor::behavior_type election_shell::make_behavior() {
  return cx::make_behavior<election_actor>(
    self, [this](msg::commit_done& m) { tell(&election_core::on_commit, m.request, m.outcome); },
    [this](msg::read_done& m) { tell(&election_core::on_read, m.request, m.outcome); },
    [this](msg::watch_fired& m) { tell(&election_core::on_watch, m.event); },
    [this](msg::session_changed& m) { session_changed(m.view); },
    [this](msg::joined& m) {
      if (early_.timely(m)) {
        tell(&election_core::on_joined, m.number);
      }
    },
    [this](msg::unjoined) {
      early_.clear();
      tell(&election_core::on_unjoined);
    },
    [this](msg::resign) { tell(&election_core::on_resign); }, //
    [this](msg::wake) { woken(); },                           //
    [this](msg::introduce& m) { introduce(std::move(m.who)); },
    [this](msg::get_part_status) -> caf::result<election_status> { return core->status(); }, ignore_errors);
}

election_actor::behavior_type election_behavior(election_shell::self_ptr self, std::shared_ptr<node_env> env,
                                                election_core::settings s) {
  self->state().init(self, std::move(env), std::move(s));
  return self->state().make_behavior();
}

} // namespace

election_actor spawn_election(caf::actor_system& system, std::shared_ptr<node_env> env, election_core::settings s) {
  return system.spawn(election_behavior, std::move(env), std::move(s));
}

} // namespace djm
