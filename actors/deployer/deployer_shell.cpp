#include "actors/deployer/deployer_shell.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <caf/all.hpp>
#include <cxxabi.h>

#include "actors/common/store_client.hpp"

namespace djm {

namespace {

class deployer_shell : public part_shell<deployer_shell, deployer_actor, deployer_core> {
public:
  static inline const char* name = "djm.deployer";

  void set_kinds(std::shared_ptr<const std::vector<job_kind>> kinds) { kinds_ = std::move(kinds); }
  deployer_actor::behavior_type make_behavior();

  void apply(commit_effect& x) { send_commit(self, *env, peers_->store, x); }
  void apply(read_effect& x) { send_read(self, peers_, x); }
  void apply(emit_effect& x) { send_event(self, peers_, x); }
  void apply(log_effect& x) { log_line(*env, "deployer", x); }
  void apply(deployer_core::make& x);
  void apply(deployer_core::register_made& x) { self->mail(deploy_job{x.number, made_}).send(peers_->node); }
  void apply(deployer_core::forget_made&) { forget(std::exchange(made_, nullptr)); }
  void apply(deployer_core::withdraw& x) { self->mail(msg::undeploy{x.id}).send(peers_->node); }

private:
  void made(const job_made& m);
  void forget(std::shared_ptr<expected<job_definition>> what);

  peers_ptr peers_;
  std::shared_ptr<const std::vector<job_kind>> kinds_;
  /// What the factory has made last, until the node has it.
  std::shared_ptr<expected<job_definition>> made_;
  /// Of which submission the factory was called last.
  std::int64_t expected_ = 0;
  /// How many jobs were let go of, which numbers them.
  std::uint64_t forgotten_ = 0;
};

/// Never on an actor's thread: it is the user's code. Each attempt is an owner of its own, so that a factory that does
/// not come back keeps its thread and no other attempt.
void deployer_shell::apply(deployer_core::make& x) {
  expected_ = x.number;
  const auto kind = std::find_if(kinds_->begin(), kinds_->end(), [&](const job_kind& k) { return k.name == x.kind; });
  env->exec().call_user(
    "submission " + std::to_string(x.number),
    [weak = caf::weak_actor_ptr{self->ctrl()}, number = x.number, make = kind->make, what = std::move(x.what)] {
      job_made answer{number, {}};
      const auto say = [&](expected<job_definition> result) {
        answer.result = std::make_shared<expected<job_definition>>(std::move(result));
        post_to<deployer_actor>(weak, answer);
      };
      try {
        auto made = make(what);
        if (made && made->spec.id != what.id) {
          made = fail(errc::invalid_config, "the factory has made job \"" + made->spec.id + "\" of it");
        }
        say(std::move(made));
      } catch (const abi::__forced_unwind&) {
        say(fail(errc::user_code_failed, "its thread was ended (pthread_exit or cancellation)"));
        throw;
      } catch (...) {
        say(fail(errc::user_code_failed, "the factory has thrown: " + impl::current_exception_text()));
      }
    });
}

/// A job of the user ends on a thread for user code.
void deployer_shell::forget(std::shared_ptr<expected<job_definition>> what) {
  if (what && what->has_value() && (*what)->code) {
    // An owner of its own: of two that wait for one, the former would be destroyed here.
    env->exec().call_user("refused submission " + std::to_string(++forgotten_),
                          [what = std::move(what)] { (*what)->code = nullptr; });
  }
}

void deployer_shell::made(const job_made& m) {
  if (m.number != expected_) { // too late: what the node gets now is another one
    forget(m.result);
    return;
  }
  std::string why;
  if (!m.result->has_value()) {
    why = to_string(m.result->error());
  } else if ((*m.result)->code == nullptr) {
    why = "the factory has made a job without code";
  }
  forget(std::exchange(made_, m.result));
  tell(&deployer_core::on_made, m.number, why);
}

deployer_actor::behavior_type deployer_shell::make_behavior() {
  return cx::make_behavior<deployer_actor>(
    self, [this](msg::commit_done& m) { tell(&deployer_core::on_commit, m.request, m.outcome); },
    [this](msg::read_done& m) { tell(&deployer_core::on_read, m.request, m.outcome); },
    [this](msg::watch_fired& m) { tell(&deployer_core::on_watch, m.event); },
    [this](msg::session_changed& m) { tell(&deployer_core::on_session, m.view); },
    [this](const job_made& m) { made(m); },
    [this](msg::deployed& m) { tell(&deployer_core::on_registered, m.job, m.number, m.why); },
    [this](msg::undeployed& m) { tell(&deployer_core::on_withdrawn, m.job); },
    [this](msg::stop_deploying) { tell(&deployer_core::on_stop); }, //
    [this](msg::wake) { woken(); }, [this](msg::introduce& m) { replace_peers(self, peers_, std::move(m.who)); },
    ignore_errors);
}

deployer_actor::behavior_type deployer_behavior(deployer_shell::self_ptr self, std::shared_ptr<node_env> env,
                                                deployer_core::settings s,
                                                std::shared_ptr<const std::vector<job_kind>> kinds) {
  self->state().set_kinds(std::move(kinds));
  self->state().init(self, std::move(env), std::move(s));
  return self->state().make_behavior();
}

} // namespace

deployer_actor spawn_deployer(caf::actor_system& system, std::shared_ptr<node_env> env, deployer_core::settings s,
                              std::shared_ptr<const std::vector<job_kind>> kinds) {
  return system.spawn(deployer_behavior, std::move(env), std::move(s), std::move(kinds));
}

std::vector<deployer_core::known_kind> known_kinds(const std::vector<job_kind>& kinds) {
  std::vector<deployer_core::known_kind> all;
  for (const auto& k : kinds) {
    all.push_back({k.name, k.version, k.closed_tree_only});
  }
  return all;
}

} // namespace djm
