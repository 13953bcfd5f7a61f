#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"

namespace djm {

namespace {

class keeper_shell : public part_shell<keeper_shell, keeper_actor, keeper_core> {
public:
  static inline const char* name = "djm.keeper";

  keeper_actor::behavior_type make_behavior();

  void apply(commit_effect& x) { send_commit(self, *env, peers_->store, x); }
  void apply(read_effect& x) { send_read(self, peers_, x); }
  void apply(emit_effect& x) { send_event(self, peers_, x); }
  void apply(log_effect& x) { log_line(*env, "keeper", x); }
  void apply(keeper_core::joined& x) {
    joined_ = msg::joined{x.number, x.alive_data};
    tell_all(*joined_);
  }
  void apply(keeper_core::unjoined&) {
    joined_.reset();
    tell_all(msg::unjoined{});
  }
  void apply(keeper_core::start_probing& x) { self->mail(msg::start_probing{x.number, x.path}).send(peers_->store); }
  void apply(keeper_core::stop_probing&) { self->mail(msg::stop_probing{}).send(peers_->store); }
  void apply(keeper_core::read_older& x) { self->mail(msg::read_older{x.found, x.seen}).send(peers_->store); }
  void apply(keeper_core::follow& x) { self->mail(msg::followed{std::move(x.what)}).send(peers_->node); }
  void apply(keeper_core::job_ended& x) { self->mail(msg::job_ended{x.job, std::move(x.why)}).send(peers_->node); }
  void apply(keeper_core::pool_changed& x) { self->mail(msg::pool_changed{x.job, x.at}).send(peers_->node); }
  void apply(keeper_core::left&) { self->mail(msg::left{}).send(peers_->node); }
  void apply(keeper_core::failed& x) { self->mail(msg::failed{x.why}).send(peers_->node); }

private:
  template <class Message>
  void tell_all(const Message& m) {
    self->mail(m).send(peers_->worker);
    self->mail(m).send(peers_->election);
    self->mail(m).send(peers_->node);
  }
  void introduce(peers_ptr who);

  peers_ptr peers_;
  /// The latest `joined`, for parts that were rebuilt since.
  std::optional<msg::joined> joined_;
};

void keeper_shell::introduce(peers_ptr who) {
  const auto before = peers_;
  replace_peers(self, peers_, std::move(who));
  if (!before || !joined_ || !core->is_joined()) {
    return;
  }
  if (before->worker != peers_->worker) {
    self->mail(*joined_).send(peers_->worker);
  }
  if (before->election != peers_->election) {
    self->mail(*joined_).send(peers_->election);
  }
}

keeper_actor::behavior_type keeper_shell::make_behavior() {
  return cx::make_behavior<keeper_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [this](msg::pool& m) { tell(&keeper_core::on_pool, m.job, std::move(m.items)); }, //
    [this](msg::wake) { woken(); },
    [this](msg::commit_done& m) { tell(&keeper_core::on_commit, m.request, m.outcome); },
    [this](msg::read_done& m) { tell(&keeper_core::on_read, m.request, m.outcome); },
    [this](msg::watch_fired& m) { tell(&keeper_core::on_watch, m.event); },
    [this](msg::session_changed& m) { tell(&keeper_core::on_session, m.view); },
    [this](msg::offer& m) { tell(&keeper_core::on_offer, m.spec, m.again, m.submitted); },
    [this](msg::prepared& m) { tell(&keeper_core::on_prepared, m.job, m.generation); },
    [this](msg::withdraw& m) { tell(&keeper_core::on_withdraw, m.job); },
    [this](msg::not_alive) { tell(&keeper_core::on_not_alive); }, //
    [this](msg::leave) { tell(&keeper_core::on_leave); }, [this](msg::introduce& m) { introduce(std::move(m.who)); },
    [this](msg::get_part_status) -> caf::result<keeper_status> { return core->status(); }, ignore_errors);
}

keeper_actor::behavior_type keeper_behavior(keeper_shell::self_ptr self, std::shared_ptr<node_env> env,
                                            keeper_core::settings s) {
  self->state().init(self, std::move(env), std::move(s));
  return self->state().make_behavior();
}

} // namespace

keeper_actor spawn_keeper(caf::actor_system& system, std::shared_ptr<node_env> env, keeper_core::settings s) {
  return system.spawn(keeper_behavior, std::move(env), std::move(s));
}

} // namespace djm
