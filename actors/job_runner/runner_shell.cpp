#include <caf/all.hpp>

#include <cxxabi.h>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "model/exception_text.hpp"

namespace djm {

namespace {

struct runner_state {
  static inline const char* name = "djm.runner";
  std::shared_ptr<node_env> env;
  std::shared_ptr<job> code;
  job_id id;
  std::unique_ptr<job_runner_core> core;
  peers_ptr peers;
  wake_timer<runner_actor> timer;
  /// The latest pool, for a keeper that was rebuilt.
  std::optional<std::vector<item_id>> pool;
};

using self_ptr = cx::self_ptr<runner_actor, runner_state>;

executor::done_fn report_to(const caf::weak_actor_ptr& weak) {
  return [weak](const run_result& r) {
    if (r.ended) {
      post_to<runner_actor>(weak,
                            msg::run_done{r.id, r.failed, r.failure, r.dropped, r.waited, r.took, r.failed_items});
    } else {
      post_to<runner_actor>(weak, msg::run_released{r.id, r.released});
    }
  };
}

/// Calls a user function on a reserved thread and sends what it returned or threw.
template <class Answer, class F>
void call_user(self_ptr self, const char* what, Answer answer, F f) {
  auto& st = self->state();
  caf::weak_actor_ptr weak{self->ctrl()};
  st.env->exec().call_user(what + st.id, [weak, answer = std::move(answer), f = std::move(f)]() mutable {
    const auto tell = [&] { post_to<runner_actor>(weak, std::move(answer)); };
    try {
      f(answer);
      answer.ok = true;
    } catch (const abi::__forced_unwind&) {
      answer.failure = "its thread was ended (pthread_exit or cancellation)";
      tell();
      throw;
    } catch (...) {
      answer.failure = impl::current_exception_text();
    }
    tell();
  });
}

void carry_out(self_ptr self, job_runner_core::effects fx) {
  auto& st = self->state();
  using core = job_runner_core;
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](core::start_run& x) {
                   st.env->exec().start({x.id, st.id, std::move(x.items), st.code, st.core->own_grace(), true},
                                        report_to(caf::weak_actor_ptr{self->ctrl()}));
                 },
                 [&](core::tell_run& x) { st.env->exec().tell_revoked(x.id, std::move(x.revoked)); },
                 [&](core::stop_run& x) { st.env->exec().request_stop(x.id, x.reason, std::move(x.revoked)); },
                 [&](core::released& x) {
                   self->mail(msg::released{st.id, std::move(x.items)}).send(st.peers->worker);
                 },
                 [&](core::cut_share& x) {
                   msg::cut_done answer;
                   answer.request = x.request;
                   call_user(self, "cut ", answer, [code = st.code, share = std::move(x.share)](msg::cut_done& a) {
                     a.parts = code->cut_share(share);
                   });
                 },
                 [&](core::call_pool& x) {
                   msg::pool_done answer;
                   answer.request = x.request;
                   call_user(self, "pool ", answer,
                             [code = st.code](msg::pool_done& a) { a.items = code->work_pool(); });
                 },
                 [&](core::pool_ready& x) {
                   st.pool = std::move(x.items);
                   self->mail(msg::pool{st.id, *st.pool}).send(st.peers->keeper);
                 },
                 [&](emit_effect& x) { send_event(self, st.peers, x); },
                 [&](log_effect& x) { log_line(*st.env, "runner", x); },
               },
               e);
  }
  st.timer.set(st.core->wake_at());
}

/// Runs of a runner before this one are taken over: their items stay busy until they are done.
void begin(self_ptr self) {
  auto& st = self->state();
  std::vector<run_id> ids;
  std::vector<std::vector<work_item>> items;
  st.env->exec().adopt(st.id, report_to(caf::weak_actor_ptr{self->ctrl()}));
  for (auto& r : st.env->exec().running(st.id)) {
    ids.push_back(r.id);
    items.push_back(std::move(r.items));
  }
  if (!ids.empty()) {
    tell_core(self, &job_runner_core::on_adopted, ids, items);
  }
  tell_core(self, &job_runner_core::on_start);
}

runner_actor::behavior_type runner_behavior(self_ptr self, std::shared_ptr<node_env> env, job_runner_core::settings s,
                                            std::shared_ptr<job> code) {
  auto& st = self->state();
  st.code = std::move(code);
  st.id = s.spec.id;
  init_part(self, std::move(env), std::move(s));
  return cx::make_behavior<runner_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](msg::wake) {
      self->state().timer.fired();
      tell_core(self, &job_runner_core::on_wake);
    },
    [self](msg::run_done& m) {
      auto& x = self->state();
      carry_out(self, x.core->on_run_done(m.id, {m.failed, m.failure, m.dropped, m.waited, m.took, m.items},
                                          make_step(*x.env)));
    },
    [self](msg::run_released& m) { tell_core(self, &job_runner_core::on_run_released, m.id, m.items); },
    [self](msg::lease& m) { tell_core(self, &job_runner_core::on_lease, m.run_until, m.deadline); },
    [self](msg::grant& m) { tell_core(self, &job_runner_core::on_granted, m.items); },
    [self](msg::revoke& m) { tell_core(self, &job_runner_core::on_revoked, m.items, m.reason); },
    [self](msg::cut_done& m) {
      expected<std::vector<std::vector<item_id>>> parts = std::move(m.parts);
      if (!m.ok) {
        parts = fail(errc::user_code_failed, m.failure);
      }
      tell_core(self, &job_runner_core::on_cut, m.request, parts);
    },
    [self](msg::pool_done& m) {
      auto& x = self->state();
      expected<std::vector<item_id>> items = std::move(m.items);
      if (!m.ok) {
        items = fail(errc::user_code_failed, "job \"" + x.id + "\": the pool function threw: " + m.failure);
      }
      tell_core(self, &job_runner_core::on_pool, m.request, items);
    },
    [self](msg::trigger) -> caf::result<std::uint64_t> {
      auto& x = self->state();
      auto fx = x.core->on_trigger(make_step(*x.env));
      const auto runs = x.core->runs_to_come();
      carry_out(self, std::move(fx));
      return runs;
    },
    [self](msg::reschedule& m) -> caf::result<void> {
      auto& x = self->state();
      auto fx = x.core->on_schedule(m.schedule, make_step(*x.env));
      if (!fx) {
        return to_caf(fx.error());
      }
      carry_out(self, std::move(*fx));
      return caf::unit;
    },
    [self](msg::stop_runs& m) { tell_core(self, &job_runner_core::on_stop, m.reason); },
    [self](msg::worker_restarted) { tell_core(self, &job_runner_core::on_worker_rebuilt); },
    [self](msg::introduce& m) {
      auto& x = self->state();
      const auto before = std::exchange(x.peers, std::move(m.who));
      if (!before) {
        begin(self);
      } else if (before->keeper != x.peers->keeper && x.pool) {
        self->mail(msg::pool{x.id, *x.pool}).send(x.peers->keeper);
      }
    },
    [self](msg::get_part_status) -> caf::result<runner_status> {
      auto& x = self->state();
      return x.core->status(x.env->now());
    },
    ignore_errors);
}

} // namespace

runner_actor spawn_runner(caf::actor_system& system, std::shared_ptr<node_env> env, job_runner_core::settings s,
                          std::shared_ptr<job> code) {
  return system.spawn(runner_behavior, std::move(env), std::move(s), std::move(code));
}

} // namespace djm
