#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "djm/plan_explain.hpp"

namespace djm {

namespace {

struct manager_state {
  static inline const char* name = "djm.manager";
  std::shared_ptr<node_env> env;
  std::shared_ptr<const strategy_registry> strategies;
  std::unique_ptr<manager_core> core;
  peers_ptr peers;
  wake_timer<manager_actor> timer;
  std::uint64_t next_explain = 1;
  std::map<std::uint64_t, caf::typed_response_promise<item_explanation>> explaining;
};

using self_ptr = manager_actor::stateful_pointer<manager_state>;

/// Planning may run user code and may take long: it happens on the executor.
void plan_elsewhere(self_ptr self, manager_core::plan_request& x) {
  auto& st = cx::state(self);
  caf::weak_actor_ptr weak{self->ctrl()};
  st.env->exec().call([weak, request = x.request, problem = std::move(x.problem), options = x.options,
                       strategies = st.strategies] {
    auto result = std::make_shared<const expected<plan>>(make_plan(*problem, *strategies, options));
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
      caf::anon_send(caf::actor_cast<manager_actor>(std::move(strong)), plan_done{request, std::move(result)});
    }
  });
}

/// Plans again with the item pinned to each worker, so this too happens on the executor.
caf::result<item_explanation> explain_elsewhere(self_ptr self, const explain_item& m) {
  auto& st = cx::state(self);
  auto problem = st.core->last_problem();
  auto planned = st.core->last_plan();
  if (!st.core->leading() || !problem || !planned) {
    return caf::make_error(errc::invalid_state,
                           std::string{"this node does not lead or has not planned yet; ask the leader"});
  }
  auto item = problem->find_item(m.job, m.item);
  if (!item) {
    return caf::make_error(errc::unknown_job,
                           "item \"" + m.item + "\" of job \"" + m.job + "\" is not in the last plan");
  }
  auto promise = self->make_response_promise<item_explanation>();
  const auto request = st.next_explain++;
  st.explaining.emplace(request, promise);
  caf::weak_actor_ptr weak{self->ctrl()};
  st.env->exec().call([weak, request, problem, planned, options = st.core->planning(), strategies = st.strategies, m,
                       item = *item] {
    auto x = explain(*problem, *strategies, options, *planned, item);
    item_explanation e;
    e.job = m.job;
    e.item = m.item;
    e.exact = x.exact;
    if (x.chosen != no_worker) {
      e.owner = problem->worker(x.chosen).name;
    } else {
      e.reason = describe(x.reason);
    }
    for (const auto& o : x.others) {
      e.others[problem->worker(o.worker).name] = to_string(o.rule);
    }
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
      caf::anon_send(caf::actor_cast<manager_actor>(std::move(strong)),
                     explain_done{request, std::make_shared<const item_explanation>(std::move(e))});
    }
  });
  return promise;
}

void carry_out(self_ptr self, manager_core::effects fx) {
  auto& st = cx::state(self);
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, st.peers, x); },
                 [&](read_effect& x) { send_read(self, st.peers, x); },
                 [&](manager_core::plan_request& x) { plan_elsewhere(self, x); },
                 [&](emit_effect& x) { send_event(self, st.peers, x); },
                 [&](log_effect& x) { log_line(*st.env, "manager", x); },
               },
               e);
  }
  st.timer.set(st.core->wake_at());
}

manager_actor::behavior_type manager_behavior(self_ptr self, std::shared_ptr<node_env> env, manager_core::settings s,
                                              std::shared_ptr<const strategy_registry> strategies) {
  init_part(self);
  auto& st = cx::state(self);
  st.env = std::move(env);
  st.strategies = std::move(strategies);
  st.core = std::make_unique<manager_core>(std::move(s));
  st.timer.init(st.env, caf::weak_actor_ptr{self->ctrl()});
  return {
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
    // The election speaks for the session: it revokes as soon as the connection is suspended.
    [](msg::session_changed&) {},
    [self](msg::granted& m) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_granted(m.epoch, std::move(m.latch), make_step(*x.env)));
    },
    [self](msg::revoked) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_revoked(make_step(*x.env)));
    },
    [self](plan_done& m) {
      auto& x = cx::state(self);
      carry_out(self, x.core->on_planned(m.request, *m.result, make_step(*x.env)));
    },
    [self](explain_done& m) {
      auto& x = cx::state(self);
      if (auto p = x.explaining.find(m.request); p != x.explaining.end()) {
        p->second.deliver(item_explanation{*m.result});
        x.explaining.erase(p);
      }
    },
    [self](explain_item& m) -> caf::result<item_explanation> { return explain_elsewhere(self, m); },
    [self](msg::wake) {
      auto& x = cx::state(self);
      x.timer.fired();
      carry_out(self, x.core->on_wake(make_step(*x.env)));
    },
    [self](peers_ptr& p) {
      auto& x = cx::state(self);
      if (replace_peers(x.peers, std::move(p))) {
        self->send(x.peers->store, msg::attach{});
      }
    },
    [self](msg::get_part_status) -> caf::result<manager_status> {
      auto& x = cx::state(self);
      return x.core->status(x.env->now());
    },
  };
}

} // namespace

manager_actor spawn_manager(caf::actor_system& system, std::shared_ptr<node_env> env, manager_core::settings s,
                            std::shared_ptr<const strategy_registry> strategies) {
  return system.spawn(manager_behavior, std::move(env), std::move(s), std::move(strategies));
}

} // namespace djm
