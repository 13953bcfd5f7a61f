#include <caf/all.hpp>

#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include <cxxabi.h>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "actors/env/secret_lookup.hpp"
#include "actors/executor/run_inbox.hpp"
#include "actors/job_runner/followed_lease.hpp"
#include "actors/job_runner/open_questions.hpp"
#include "model/exception_text.hpp"

namespace djm {

namespace {

/// Most events of a runner; they are for those who listen alone.
bool is_of_a_run(const event& what) {
  return std::holds_alternative<run_started>(what) || std::holds_alternative<run_finished>(what) ||
         std::holds_alternative<retry_planned>(what);
}

class runner_shell : public part_shell<runner_shell, runner_actor, job_runner_core> {
public:
  static inline const char* name = "djm.runner";

  void init(self_ptr me, std::shared_ptr<node_env> environment, job_runner_core::settings s, std::shared_ptr<job> code);
  runner_actor::behavior_type make_behavior();

  void apply(emit_effect& x) {
    if (!is_of_a_run(x.what) || peers_->audience->load() > 0) {
      send_event(self, peers_, x);
    }
  }
  void apply(log_effect& x) { log_line(*env, "runner", x); }
  void apply(job_runner_core::start_run& x) {
    to_start_.push_back(
      {x.id, id_, std::move(x.items), code_, core->own_grace(), true, x.purpose, core->priority(), run_with_});
  }
  void apply(job_runner_core::tell_run& x) {
    start_all(); // it may be one of those
    env->exec().tell_revoked(x.id, std::move(x.revoked));
  }
  void apply(job_runner_core::stop_run& x) {
    start_all();
    env->exec().request_stop(x.id, x.reason, std::move(x.revoked));
  }
  void apply(job_runner_core::released& x) {
    ask_slots(); // what is written of them goes first
    self->mail(msg::released{id_, std::move(x.items)}).send(peers_->worker);
  }
  void apply(job_runner_core::declined& x) {
    ask_slots();
    self->mail(msg::declined{id_, std::move(x.items), x.length, std::move(x.why)}).send(peers_->worker);
  }
  void apply(job_runner_core::ask_slot& x) { to_ask_.push_back(std::move(x.wish)); }
  void apply(job_runner_core::look_at_run& x) { to_look_at_.push_back(x.id); }
  void apply(job_runner_core::remember_run& x) {
    x.run.node = node_;
    env->history().add(std::move(x.run));
  }
  void apply(job_runner_core::start_question& x);
  void apply(job_runner_core::conclude_question& x) { questions_.conclude(x, node_); }
  void apply(job_runner_core::check_config& x);
  void apply(job_runner_core::take_config& x);
  void apply(job_runner_core::cut_share& x);
  void apply(job_runner_core::call_pool& x);
  void apply(job_runner_core::pool_ready& x) {
    pool_ = std::move(x.items);
    self->mail(msg::pool{id_, *pool_}).send(peers_->keeper);
  }
  void apply(job_runner_core::prepared& x) { self->mail(msg::prepared{id_, x.generation}).send(peers_->keeper); }
  /// After the effects of each event.
  void carried_out() {
    start_all();
    look_at_runs();
    ask_slots();
    lease_.await(core->lease_is_over(), env->leases(), caf::weak_actor_ptr{self->ctrl()});
  }

private:
  /// Something happens now, under the lease as it is now.
  template <class... Params, class... Args>
  void tell(job_runner_core::effects (job_runner_core::*on)(Params...), Args&&... args) {
    look_at_lease();
    part_shell::tell(on, std::forward<Args>(args)...);
  }
  step look() {
    look_at_lease();
    return make_step(*env);
  }
  void woken() {
    timer.fired();
    tell(&job_runner_core::on_wake);
  }
  void look_at_lease();
  void leased(const msg::lease& m);
  executor::done_fn report() {
    return [weak = caf::weak_actor_ptr{self->ctrl()}, inbox = inbox_](const run_result& r) {
      if (inbox->put(r)) {
        post_to<runner_actor>(weak, msg::run_news{});
      }
    };
  }
  void start_all();
  void ask_slots() {
    if (!to_ask_.empty()) {
      self->mail(slots_asked{id_, std::exchange(to_ask_, {})}).send(peers_->worker);
    }
  }
  void look_at_runs();
  void take_news();
  template <class Answer, class F>
  void call_user(const char* what, Answer answer, F f);
  void take_over();
  void introduce(peers_ptr who);
  caf::result<std::uint64_t> trigger();
  caf::result<item_answer> ask(ask_item& m);
  caf::result<void> reschedule(const schedule& next);
  caf::result<void> answer(expected<job_runner_core::effects> fx);
  runner_status status();
  void follow(const followed_job& what);
  void config_checked(const msg::config_checked& m);

  std::shared_ptr<job> code_;
  job_id id_;
  node_id node_;
  peers_ptr peers_;
  std::shared_ptr<run_inbox> inbox_ = std::make_shared<run_inbox>();
  /// What the core has begun in the present event: handed to the executor together.
  std::vector<run_order> to_start_;
  /// Of the present event: what it wants to know or to have written of slots.
  std::vector<slot_wish> to_ask_;
  /// Runs of which it wants to know how they get on.
  std::vector<run_id> to_look_at_;
  open_questions questions_;
  followed_lease lease_;
  /// The latest pool, for a keeper that was rebuilt.
  std::optional<std::vector<item_id>> pool_;

  /// What runs get; null: nothing is known of a configuration.
  std::shared_ptr<const run_settings> run_with_;
  /// Filled in on a thread of the job's code, for the question of that number.
  struct checked_config {
    std::uint64_t request = 0;
    std::shared_ptr<user_config> config;
  };
  checked_config checked_;
};

void runner_shell::init(self_ptr me, std::shared_ptr<node_env> environment, job_runner_core::settings s,
                        std::shared_ptr<job> code) {
  code_ = std::move(code);
  id_ = s.spec.id;
  node_ = s.node;
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

void runner_shell::start_all() {
  if (!to_start_.empty()) {
    env->exec().start_all(std::exchange(to_start_, {}), report());
  }
}

void runner_shell::look_at_lease() {
  if (const auto news = lease_.news(env->leases())) {
    part_shell::tell(&job_runner_core::on_lease_renewed, news->run_until, news->deadline);
  }
}

void runner_shell::leased(const msg::lease& m) {
  const auto& now = lease_.told(m, env->leases());
  part_shell::tell(&job_runner_core::on_lease, now.run_until, now.deadline);
}

/// What has ended meanwhile is in the inbox.
void runner_shell::look_at_runs() {
  std::vector<job_runner_core::run_look> seen;
  for (const auto id : std::exchange(to_look_at_, {})) {
    if (const auto r = env->exec().look(id)) {
      seen.push_back({id, r->started, r->began, r->beat});
    }
  }
  if (!seen.empty()) {
    tell(&job_runner_core::on_look, seen);
  }
}

/// Runs have ended, or released items: an event each, and one look at what there is to do next.
void runner_shell::take_news() {
  const auto now = look();
  job_runner_core::effects all;
  for (auto& r : inbox_->take()) {
    auto fx = r.ended ? core->on_run_done(r.id,
                                          {r.failed, r.failure, r.dropped, r.waited, r.took, r.failed_items,
                                           r.failed_for_good, r.for_good, r.again_in, r.progress},
                                          now)
                      : core->on_run_released(r.id, r.released, now, r.declined);
    all.insert(all.end(), std::make_move_iterator(fx.begin()), std::make_move_iterator(fx.end()));
  }
  carry_out(std::move(all));
}

caf::result<item_answer> runner_shell::ask(ask_item& m) {
  auto fx = core->on_ask(m.item, m.timeout, look());
  if (!fx) {
    return to_caf(fx.error());
  }
  auto promise = self->make_response_promise<item_answer>();
  questions_.come(promise, std::move(m.question));
  carry_out(std::move(*fx));
  return promise;
}

void runner_shell::apply(job_runner_core::start_question& x) {
  auto order = questions_.order(x, code_);
  order.job = id_;
  order.stop_grace = core->own_grace();
  order.run_with = run_with_;
  env->exec().start(std::move(order), report());
}

/// Runs of a runner before this one are taken over: their items stay busy until they are done.
void runner_shell::take_over() {
  std::vector<run_id> ids;
  std::vector<std::vector<work_item>> items;
  std::vector<run_purpose> purposes;
  env->exec().adopt(id_, report());
  for (auto& r : env->exec().running(id_)) {
    if (r.question) {
      tell(&job_runner_core::on_adopted_question, r.id, r.items.front());
      continue;
    }
    ids.push_back(r.id);
    items.push_back(std::move(r.items));
    purposes.push_back(r.purpose);
  }
  if (!ids.empty()) {
    carry_out(core->on_adopted(ids, items, look(), purposes));
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
  auto fx = core->on_trigger(look());
  const auto runs = core->runs_to_come();
  carry_out(std::move(fx));
  return runs;
}

caf::result<void> runner_shell::reschedule(const schedule& next) {
  auto table = table_of(next, *env);
  if (!table) {
    return to_caf(table.error());
  }
  return answer(core->on_schedule(next, look(), std::move(*table)));
}

caf::result<void> runner_shell::answer(expected<job_runner_core::effects> fx) {
  if (!fx) {
    return to_caf(fx.error());
  }
  carry_out(std::move(*fx));
  return caf::unit;
}

void runner_shell::follow(const followed_job& what) {
  carry_out(core->on_follow(what, look(), table_of(what.spec.schedule, *env)));
}

/// References are looked up and ranges checked where user code runs, and not by an actor: both may take their time. The
/// answer stays in memory, since what secrets stand for must not travel.
void runner_shell::apply(job_runner_core::check_config& x) {
  auto checked = std::make_shared<user_config>();
  checked_ = {x.request, checked};
  msg::config_checked answer;
  answer.request = x.request;
  call_user("config ", answer, [code = code_, config = std::move(x.config), checked](msg::config_checked&) {
    if (auto ok = code->check_config(config); !ok) {
      throw std::runtime_error{ok.error().text};
    }
    auto resolved = config.resolved(look_up_secret);
    if (!resolved) {
      throw std::runtime_error{resolved.error().text};
    }
    *checked = std::move(*resolved);
  });
}

void runner_shell::apply(job_runner_core::take_config& x) {
  user_config config;
  if (x.request != 0 && x.request == checked_.request) {
    config = *checked_.config;
  } else if (!x.empty && run_with_) {
    config = run_with_->config;
  }
  run_with_ = std::make_shared<run_settings>(run_settings{std::move(config), x.rev});
}

void runner_shell::config_checked(const msg::config_checked& m) {
  expected<void> verdict;
  if (!m.ok) {
    verdict = fail(errc::invalid_config, m.failure);
  }
  tell(&job_runner_core::on_config, m.request, verdict);
}

/// How far runs have come is known where they run.
runner_status runner_shell::status() {
  auto st = core->status(look().now);
  for (auto& r : st.runs) {
    if (auto info = env->exec().look(r.run)) {
      r.progress = std::move(info->progress);
    }
  }
  return st;
}

runner_actor::behavior_type runner_shell::make_behavior() {
  return cx::make_behavior<runner_actor>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [this](msg::wake) { woken(); }, [this](msg::run_news) { take_news(); }, [this](msg::lease& m) { leased(m); },
    [this](msg::grant& m) { tell(&job_runner_core::on_items, m.items, m.more_to_come); },
    [this](msg::revoke& m) { tell(&job_runner_core::on_revoked, m.items, m.reason); },
    [this](slots_told& m) { carry_out(core->on_slots_told(m.answers, look(), m.time)); },
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
    [this](msg::cancel& m) -> caf::result<void> { return answer(core->on_cancel(m.run, look())); },
    [this](msg::release& m) -> caf::result<void> { return answer(core->on_release_item(m.item, look())); },
    [this](msg::resume) -> caf::result<void> { return answer(core->on_resume(look())); },
    [this](ask_item& m) -> caf::result<item_answer> { return ask(m); }, [this](msg::follow& m) { follow(m.what); },
    [this](const msg::pool_changed&) { tell(&job_runner_core::on_pool_changed); },
    [this](msg::config_checked& m) { config_checked(m); },
    [this](msg::stop_runs& m) { tell(&job_runner_core::on_stop, m.reason); },
    [this](msg::worker_restarted) { tell(&job_runner_core::on_worker_rebuilt); },
    [this](msg::introduce& m) { introduce(std::move(m.who)); },
    [this](msg::get_part_status) -> caf::result<runner_status> { return status(); }, ignore_errors);
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
