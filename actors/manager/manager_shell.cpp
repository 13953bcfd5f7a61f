#include <deque>

#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "actors/manager/explain_core.hpp"

namespace djm {

namespace {

struct manager_state {
  static inline const char* name = "djm.manager";
  std::shared_ptr<node_env> env;
  std::shared_ptr<const strategy_registry> strategies;
  std::unique_ptr<manager_core> core;
  std::unique_ptr<explain_core> explainer;
  peers_ptr peers;
  wake_timer<manager_actor> timer;
  std::uint64_t next_explain = 1;
  std::map<std::uint64_t, caf::typed_response_promise<item_explanation>> explaining;
  /// Explanations are made one at a time, so that however many are asked for a plan finds a thread.
  std::deque<explain_core::task> to_explain;
  bool explains = false;
};

using self_ptr = cx::self_ptr<manager_actor, manager_state>;

/// Planning may take long: it happens on the executor.
void plan_elsewhere(self_ptr self, manager_core::plan_request& x) {
  auto& st = self->state();
  caf::weak_actor_ptr weak{self->ctrl()};
  st.env->exec().call([weak, x = std::move(x), strategies = st.strategies] {
    auto result =
      std::make_shared<const expected<plan_so_far>>(plan_without_users(*x.problem, *strategies, *x.answers, x.options));
    post_to<manager_actor>(weak, plan_done{x.request, std::move(result)});
  });
}

/// User code: it may keep the thread it gets.
void ask_elsewhere(self_ptr self, manager_core::strategy_request& x) {
  auto& st = self->state();
  caf::weak_actor_ptr weak{self->ctrl()};
  auto owner = "strategy " + x.question.strategy;
  st.env->exec().call_user(std::move(owner), [weak, x = std::move(x), strategies = st.strategies] {
    auto result = std::make_shared<const expected<plan>>(ask_strategy(x.question, *strategies, x.options));
    post_to<manager_actor>(weak, strategy_done{x.request, std::move(result)});
  });
}

/// Plans again with the item pinned to each worker, so this too happens on the executor.
void explain_next(self_ptr self) {
  auto& st = self->state();
  if (st.explains || st.to_explain.empty()) {
    return;
  }
  st.explains = true;
  auto x = std::move(st.to_explain.front());
  st.to_explain.pop_front();
  caf::weak_actor_ptr weak{self->ctrl()};
  st.env->exec().call([weak, x = std::move(x), strategies = st.strategies] {
    auto result = std::make_shared<const expected<item_explanation>>(explain_now(x, *strategies));
    post_to<manager_actor>(weak, explain_done{x.question, std::move(result)});
  });
}

void deliver(self_ptr self, std::uint64_t question, const expected<item_explanation>& result) {
  auto& st = self->state();
  auto p = st.explaining.find(question);
  if (p == st.explaining.end()) {
    return;
  }
  if (result) {
    p->second.deliver(*result);
  } else {
    p->second.deliver(to_caf(result.error()));
  }
  st.explaining.erase(p);
}

void explain_elsewhere(self_ptr self, explain_core::task& x) {
  auto& st = self->state();
  if (st.to_explain.size() >= explain_core::most_waiting) {
    deliver(self, x.question, fail(errc::backlog_full, "too many questions wait to be answered"));
    return;
  }
  st.to_explain.push_back(std::move(x));
  explain_next(self);
}

void carry_out(self_ptr self, explain_core::effects fx) {
  auto& st = self->state();
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](explain_core::task& x) { explain_elsewhere(self, x); },
                 [&](explain_core::answer& x) { deliver(self, x.question, x.result); },
               },
               e);
  }
}

void carry_out(self_ptr self, manager_core::effects fx) {
  auto& st = self->state();
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, *st.env, st.peers->store, x); },
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](manager_core::plan_request& x) { plan_elsewhere(self, x); },
                 [&](manager_core::strategy_request& x) { ask_elsewhere(self, x); },
                 [&](emit_effect& x) { send_event(self, st.peers, x); },
                 [&](log_effect& x) { log_line(*st.env, "manager", x); },
               },
               e);
  }
  st.timer.set(st.core->wake_at());
}

manager_actor::behavior_type manager_behavior(self_ptr self, std::shared_ptr<node_env> env, manager_core::settings s,
                                              std::shared_ptr<const strategy_registry> strategies) {
  auto& st = self->state();
  st.strategies = std::move(strategies);
  st.explainer = std::make_unique<explain_core>(s.root, s.planning, s.numbers);
  init_part(self, std::move(env), std::move(s));
  return cx::make_behavior<manager_actor>(
    self, [self](msg::commit_done& m) { tell_core(self, &manager_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) {
      auto& x = self->state();
      if (x.explainer->asked(m.request)) {
        carry_out(self, x.explainer->on_read(m.request, m.outcome));
      } else {
        tell_core(self, &manager_core::on_read, m.request, m.outcome);
      }
    },
    [self](msg::watch_fired& m) { tell_core(self, &manager_core::on_watch, m.event); },
    // The election speaks for the session: it revokes as soon as the connection is suspended.
    [](msg::session_changed&) {},
    [self](msg::granted& m) { tell_core(self, &manager_core::on_granted, m.epoch, std::move(m.latch), m.session); },
    [self](msg::revoked) { tell_core(self, &manager_core::on_revoked); },
    [self](plan_done& m) { tell_core(self, &manager_core::on_planned, m.request, *m.result); },
    [self](strategy_done& m) { tell_core(self, &manager_core::on_strategy, m.request, *m.result); },
    [self](explain_done& m) {
      carry_out(self, self->state().explainer->on_explained(m.request, *m.result));
      self->state().explains = false;
      explain_next(self);
    },
    [self](explain_item& m) -> caf::result<item_explanation> {
      auto& x = self->state();
      const auto question = x.next_explain++;
      auto promise = self->make_response_promise<item_explanation>();
      x.explaining.emplace(question, promise);
      carry_out(self, x.explainer->on_question(question, std::move(m.job), std::move(m.item), *x.core));
      return promise;
    },
    [self](msg::wake) {
      self->state().timer.fired();
      tell_core(self, &manager_core::on_wake);
    },
    [self](msg::introduce& m) {
      if (replace_peers(self, std::move(m.who))) {
        carry_out(self, self->state().explainer->on_disconnected());
      }
    },
    [self](msg::get_part_status) -> caf::result<manager_status> {
      auto& x = self->state();
      return x.core->status(x.env->now());
    },
    ignore_errors);
}

} // namespace

manager_actor spawn_manager(caf::actor_system& system, std::shared_ptr<node_env> env, manager_core::settings s,
                            std::shared_ptr<const strategy_registry> strategies) {
  return system.spawn(manager_behavior, std::move(env), std::move(s), std::move(strategies));
}

} // namespace djm
