#include <caf/all.hpp>

#include <cxxabi.h>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "model/exception_text.hpp"

namespace djm {

namespace {

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

class runner_shell : public part_shell<runner_shell, runner_actor, job_runner_core> {
public:
  static inline const char* name = "djm.runner";

  void init(self_ptr me, std::shared_ptr<node_env> environment, job_runner_core::settings s, std::shared_ptr<job> code);
  runner_actor::behavior_type make_behavior();

  void apply(emit_effect& x) { send_event(self, peers_, x); }
  void apply(log_effect& x) { log_line(*env, "runner", x); }
  void apply(job_runner_core::start_run& x) {
    env->exec().start({x.id, id_, std::move(x.items), code_, core->own_grace(), true}, report());
  }
  void apply(job_runner_core::tell_run& x) { env->exec().tell_revoked(x.id, std::move(x.revoked)); }
  void apply(job_runner_core::stop_run& x) { env->exec().request_stop(x.id, x.reason, std::move(x.revoked)); }
  void apply(job_runner_core::released& x) { self->mail(msg::released{id_, std::move(x.items)}).send(peers_->worker); }
  void apply(job_runner_core::cut_share& x);
  void apply(job_runner_core::call_pool& x);
  void apply(job_runner_core::pool_ready& x) {
    pool_ = std::move(x.items);
    self->mail(msg::pool{id_, *pool_}).send(peers_->keeper);
  }

private:
  executor::done_fn report() { return report_to(caf::weak_actor_ptr{self->ctrl()}); }
  template <class Answer, class F>
  void call_user(const char* what, Answer answer, F f);
  void take_over();
  void introduce(peers_ptr who);
  caf::result<std::uint64_t> trigger();
  caf::result<void> reschedule(const schedule& next);

  std::shared_ptr<job> code_;
  job_id id_;
  peers_ptr peers_;
  /// The latest pool, for a keeper that was rebuilt.
  std::optional<std::vector<item_id>> pool_;
};

void runner_shell::init(self_ptr me, std::shared_ptr<node_env> environment, job_runner_core::settings s,
                        std::shared_ptr<job> code) {
  code_ = std::move(code);
  id_ = s.spec.id;
  part_shell::init(me, std::move(environment), std::move(s));
}

/// Calls a user function on a reserved thread and sends what it returned or threw.
template <class Answer, class F>
void runner_shell::call_user(const char* what, Answer answer, F f) {
  caf::weak_actor_ptr weak{self->ctrl()};
  env->exec().call_user(what + id_, [weak, answer = std::move(answer), f = std::move(f)]() mutable {
    const auto answer_now = [&] { post_to<runner_actor>(weak, std::move(answer)); };
    try {
      f(answer);
      answer.ok = true;
    } catch (const abi::__forced_unwind&) {
      answer.failure = "its thread was ended (pthread_exit or cancellation)";
      answer_now();
      throw;
    } catch (...) {
      answer.failure = impl::current_exception_text();
    }
    answer_now();
  });
}

void runner_shell::apply(job_runner_core::cut_share& x) {
  msg::cut_done answer;
  answer.request = x.request;
  call_user("cut ", answer,
            [code = code_, share = std::move(x.share)](msg::cut_done& a) { a.parts = code->cut_share(share); });
}

void runner_shell::apply(job_runner_core::call_pool& x) {
  msg::pool_done answer;
  answer.request = x.request;
  call_user("pool ", answer, [code = code_](msg::pool_done& a) { a.items = code->work_pool(); });
}

/// Runs of a runner before this one are taken over: their items stay busy until they are done.
void runner_shell::take_over() {
  std::vector<run_id> ids;
  std::vector<std::vector<work_item>> items;
  env->exec().adopt(id_, report());
  for (auto& r : env->exec().running(id_)) {
    ids.push_back(r.id);
    items.push_back(std::move(r.items));
  }
  if (!ids.empty()) {
    tell(&job_runner_core::on_adopted, ids, items);
  }
  tell(&job_runner_core::on_start);
}

void runner_shell::introduce(peers_ptr who) {
  const auto before = std::exchange(peers_, std::move(who));
  if (!before) {
    take_over();
  } else if (before->keeper != peers_->keeper && pool_) {
    self->mail(msg::pool{id_, *pool_}).send(peers_->keeper);
  }
}

caf::result<std::uint64_t> runner_shell::trigger() {
  auto fx = core->on_trigger(make_step(*env));
  const auto runs = core->runs_to_come();
  carry_out(std::move(fx));
  return runs;
}

caf::result<void> runner_shell::reschedule(const schedule& next) {
  auto fx = core->on_schedule(next, make_step(*env));
  if (!fx) {
    return to_caf(fx.error());
  }
  carry_out(std::move(*fx));
  return caf::unit;
}

runner_actor::behavior_type runner_shell::make_behavior() {
  return cx::make_behavior<runner_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [this](msg::wake) { woken(); },
    [this](msg::run_done& m) {
      carry_out(core->on_run_done(m.id, {m.failed, m.failure, m.dropped, m.waited, m.took, m.items}, make_step(*env)));
    },
    [this](msg::run_released& m) { tell(&job_runner_core::on_run_released, m.id, m.items); },
    [this](msg::lease& m) { tell(&job_runner_core::on_lease, m.run_until, m.deadline); },
    [this](msg::grant& m) { tell(&job_runner_core::on_granted, m.items); },
    [this](msg::revoke& m) { tell(&job_runner_core::on_revoked, m.items, m.reason); },
    [this](msg::cut_done& m) {
      expected<std::vector<std::vector<item_id>>> parts = std::move(m.parts);
      if (!m.ok) {
        parts = fail(errc::user_code_failed, m.failure);
      }
      tell(&job_runner_core::on_cut, m.request, parts);
    },
    [this](msg::pool_done& m) {
      expected<std::vector<item_id>> items = std::move(m.items);
      if (!m.ok) {
        items = fail(errc::user_code_failed, "job \"" + id_ + "\": the pool function threw: " + m.failure);
      }
      tell(&job_runner_core::on_pool, m.request, items);
    },
    [this](msg::trigger) -> caf::result<std::uint64_t> { return trigger(); },
    [this](msg::reschedule& m) -> caf::result<void> { return reschedule(m.schedule); },
    [this](msg::stop_runs& m) { tell(&job_runner_core::on_stop, m.reason); },
    [this](msg::worker_restarted) { tell(&job_runner_core::on_worker_rebuilt); },
    [this](msg::introduce& m) { introduce(std::move(m.who)); },
    [this](msg::get_part_status) -> caf::result<runner_status> { return core->status(env->now()); }, ignore_errors);
}

runner_actor::behavior_type runner_behavior(runner_shell::self_ptr self, std::shared_ptr<node_env> env,
                                            job_runner_core::settings s, std::shared_ptr<job> code) {
  self->state().init(self, std::move(env), std::move(s), std::move(code));
  return self->state().make_behavior();
}

} // namespace

runner_actor spawn_runner(caf::actor_system& system, std::shared_ptr<node_env> env, job_runner_core::settings s,
                          std::shared_ptr<job> code) {
  return system.spawn(runner_behavior, std::move(env), std::move(s), std::move(code));
}

} // namespace djm
