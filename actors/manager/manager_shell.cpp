#include <deque>

#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "actors/manager/explain_core.hpp"

namespace djm {

namespace {

class manager_shell : public part_shell<manager_shell, manager_actor, manager_core> {
public:
  static inline const char* name = "djm.manager";

  void init(self_ptr me, std::shared_ptr<node_env> environment, manager_core::settings s,
            std::shared_ptr<const strategy_registry> strategies);
  manager_actor::behavior_type make_behavior();

  void apply(commit_effect& x) { send_commit(self, *env, peers_->store, x); }
  void apply(read_effect& x) { send_read(self, peers_, x); }
  void apply(emit_effect& x) { send_event(self, peers_, x); }
  void apply(log_effect& x) { log_line(*env, "manager", x); }
  void apply(plan_request& x);
  void apply(strategy_request& x);
  // of the core that explains
  void apply(explain_core::task& x);
  void apply(explain_core::answer& x) { deliver(x.question, x.result); }

private:
  using part_shell::carry_out;
  void carry_out(explain_core::effects fx);
  caf::result<item_explanation> explain(explain_item& m);
  void explain_next();
  void explained(explain_done& m);
  void read_done(msg::read_done& m);
  void deliver(std::uint64_t question, const expected<item_explanation>& result);

  std::shared_ptr<const strategy_registry> strategies_;
  peers_ptr peers_;
  std::unique_ptr<explain_core> explainer_;
  std::uint64_t next_explain_ = 1;
  std::map<std::uint64_t, caf::typed_response_promise<item_explanation>> explaining_;
  /// Explanations are made one at a time, so that however many are asked for a plan finds a thread.
  std::deque<explain_core::task> to_explain_;
  bool explains_ = false;
};

void manager_shell::init(self_ptr me, std::shared_ptr<node_env> environment, manager_core::settings s,
                         std::shared_ptr<const strategy_registry> strategies) {
  strategies_ = std::move(strategies);
  explainer_ = std::make_unique<explain_core>(s.root, s.planning, s.numbers);
  part_shell::init(me, std::move(environment), std::move(s));
}

/// Planning may take long: it happens on the executor.
void manager_shell::apply(plan_request& x) {
  caf::weak_actor_ptr weak{self->ctrl()};
  env->exec().call([weak, x = std::move(x), strategies = strategies_] {
    auto result =
      std::make_shared<const expected<plan_so_far>>(plan_without_users(*x.problem, *strategies, *x.answers, x.options));
    post_to<manager_actor>(weak, plan_done{x.request, std::move(result)});
  });
}

/// User code: it may keep the thread it gets.
void manager_shell::apply(strategy_request& x) {
  caf::weak_actor_ptr weak{self->ctrl()};
  auto owner = "strategy " + x.question.strategy;
  env->exec().call_user(std::move(owner), [weak, x = std::move(x), strategies = strategies_] {
    auto result = std::make_shared<const expected<plan>>(ask_strategy(x.question, *strategies, x.options));
    post_to<manager_actor>(weak, strategy_done{x.request, std::move(result)});
  });
}

// -- explanations -----------------------------------------------------------------

void manager_shell::carry_out(explain_core::effects fx) {
  for (auto& e : fx) {
    std::visit([this](auto& x) { apply(x); }, e);
  }
}

caf::result<item_explanation> manager_shell::explain(explain_item& m) {
  const auto question = next_explain_++;
  auto promise = self->make_response_promise<item_explanation>();
  explaining_.emplace(question, promise);
  carry_out(explainer_->on_question(question, std::move(m.job), std::move(m.item), *core));
  return promise;
}

void manager_shell::apply(explain_core::task& x) {
  if (to_explain_.size() >= explain_core::most_waiting) {
    deliver(x.question, fail(errc::backlog_full, "too many questions wait to be answered"));
    return;
  }
  to_explain_.push_back(std::move(x));
  explain_next();
}

/// Plans again with the item pinned to each worker, so this too happens on the executor.
void manager_shell::explain_next() {
  if (explains_ || to_explain_.empty()) {
    return;
  }
  explains_ = true;
  auto x = std::move(to_explain_.front());
  to_explain_.pop_front();
  caf::weak_actor_ptr weak{self->ctrl()};
  env->exec().call([weak, x = std::move(x), strategies = strategies_] {
    auto result = std::make_shared<const expected<item_explanation>>(explain_now(x, *strategies));
    post_to<manager_actor>(weak, explain_done{x.question, std::move(result)});
  });
}

void manager_shell::explained(explain_done& m) {
  carry_out(explainer_->on_explained(m.request, *m.result));
  explains_ = false;
  explain_next();
}

void manager_shell::deliver(std::uint64_t question, const expected<item_explanation>& result) {
  const auto p = explaining_.find(question);
  if (p == explaining_.end()) {
    return;
  }
  if (result) {
    p->second.deliver(*result);
  } else {
    p->second.deliver(to_caf(result.error()));
  }
  explaining_.erase(p);
}

void manager_shell::read_done(msg::read_done& m) {
  if (explainer_->asked(m.request)) {
    carry_out(explainer_->on_read(m.request, m.outcome));
  } else {
    tell(&manager_core::on_read, m.request, m.outcome);
  }
}

manager_actor::behavior_type manager_shell::make_behavior() {
  return cx::make_behavior<manager_actor>(
    self, [this](msg::commit_done& m) { tell(&manager_core::on_commit, m.request, m.outcome); },
    [this](msg::read_done& m) { read_done(m); },
    [this](msg::watch_fired& m) { tell(&manager_core::on_watch, m.event); },
    // The election speaks for the session: it revokes as soon as the connection is suspended.
    [](msg::session_changed&) {},
    [this](msg::granted& m) { tell(&manager_core::on_granted, m.epoch, std::move(m.latch), m.session); },
    [this](msg::revoked) { tell(&manager_core::on_revoked); },
    [this](plan_done& m) { tell(&manager_core::on_planned, m.request, *m.result); },
    [this](strategy_done& m) { tell(&manager_core::on_strategy, m.request, *m.result); },
    [this](explain_done& m) { explained(m); },
    [this](explain_item& m) -> caf::result<item_explanation> { return explain(m); }, //
    [this](msg::wake) { woken(); },
    [this](msg::introduce& m) {
      if (replace_peers(self, peers_, std::move(m.who))) {
        carry_out(explainer_->on_disconnected());
      }
    },
    [this](msg::get_part_status) -> caf::result<manager_status> { return core->status(env->now()); }, ignore_errors);
}

manager_actor::behavior_type manager_behavior(manager_shell::self_ptr self, std::shared_ptr<node_env> env,
                                              manager_core::settings s,
                                              std::shared_ptr<const strategy_registry> strategies) {
  self->state().init(self, std::move(env), std::move(s), std::move(strategies));
  return self->state().make_behavior();
}

} // namespace

manager_actor spawn_manager(caf::actor_system& system, std::shared_ptr<node_env> env, manager_core::settings s,
                            std::shared_ptr<const strategy_registry> strategies) {
  return system.spawn(manager_behavior, std::move(env), std::move(s), std::move(strategies));
}

} // namespace djm
