#include "actors/node/node_shell.hpp"

#include "actors/node/listener.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

// -- the beginning ------------------------------------------------------------------

void node_shell::init(node_ptr me, node_config config, node_parts parts) {
  init_part(me);
  self = me;
  at_.self = me;
  at_.parts = std::move(parts);
  const auto& p = at_.parts;
  at_.identity = {std::move(config), p.incarnation, p.host, p.pid, p.http_url, {}};
  if (p.kinds) {
    for (const auto& k : *p.kinds) {
      at_.identity.kinds.push_back(store::name_of_kind(k.name, k.version));
    }
  }
  life_ = std::make_unique<core>(supervisor_settings(at_.identity));
  at_.life = life_.get();
  admin_.init();
  events_.init();
  timer_.init(p.env, at_.weak_self());
  statuses_.start();
  at_.who = std::make_shared<peers>();
  at_.who->node = supervisor_actor{self};
  if (auto feed = std::exchange(at_.parts.feed, nullptr)) {
    events_.add(self->system().spawn(listener_behavior, std::move(feed), at_.weak_self()));
  }
  statuses_.start_tellers();
  carry_out(life_->start());
  for (auto& j : std::exchange(at_.parts.jobs, {})) {
    register_job m{std::move(j.spec), std::move(j.code)};
    (void) add_job(m, 0);
  }
}

// -- what the supervisor wants ------------------------------------------------------

void node_shell::carry_out(core::effects fx) {
  for (auto& e : fx) {
    std::visit([this](auto& x) { apply(x); }, e);
  }
  set_timer();
}

void node_shell::set_timer() {
  timer_.set(earliest(earliest(life_->wake_at(), admin_.wake_at()), events_.wake_at()));
}

void node_shell::apply(core::offer& x) {
  const auto& j = jobs_.at(x.job);
  self->mail(msg::offer{j.spec, j.record.last().has_value(), j.submitted}).send(at_.who->keeper);
}

void node_shell::apply(core::end_session&) {
  const auto gone = children_.tell_of_orphaned_session();
  admin_.tell(&admin_core::on_joined, false);
  admin_.tell(&admin_core::on_session, gone);
  children_.close_orphaned_session(gone);
}

/// Whoever comes after those that end here has another incarnation.
void node_shell::apply(core::forget_life&) {
  children_.forget_life();
  jobs_.forget_store();
  at_.identity.incarnation = make_incarnation(at_.env());
}

void node_shell::apply(core::refuse_wishes&) {
  admin_.stop();
  tell_deployer(self, at_.who, msg::stop_deploying{});
}

void node_shell::apply(core::leave&) {
  statuses_.ask_for_the_last();
  self->mail(msg::leave{}).send(at_.who->keeper);
}

void node_shell::apply(core::close_session&) {
  statuses_.ask_for_the_last();
  self->mail(msg::resign{}).send(at_.who->election);
  self->mail(msg::close_session{}).send(at_.who->store);
}

void node_shell::apply(core::close_environment&) {
  at_.env().close([weak = at_.weak_self()] { post_to<node_impl>(weak, env_closed{}); });
}

/// Everyone who still waits is answered.
void node_shell::apply(core::finish&) {
  const auto left_behind = jobs_.give_up_all();
  statuses_.answer_all();
  statuses_.report_the_end();
  for (auto& p : stoppers_) {
    if (left_behind) {
      p.deliver(to_caf(*left_behind));
    } else {
      cx::deliver(p);
    }
  }
  at_.who.reset(); // the parts' handles, and with them ours
  if (const auto& why = life_->verdict()) {
    self->quit(to_caf(*why));
  } else {
    self->quit(caf::exit_reason::user_shutdown);
  }
}

// -- how jobs come and go -----------------------------------------------------------

std::optional<error> node_shell::add_job(register_job& m, std::int64_t submitted) {
  const auto job = m.spec.id;
  auto refused = jobs_.add(m, submitted);
  if (!refused) {
    carry_out(life_->add_job(job));
  }
  return refused;
}

caf::result<void> node_shell::admit(register_job& m) {
  const auto refused = add_job(m, 0);
  if (m.code) {
    const auto owner = "refused " + m.spec.id + " " + std::to_string(admin_.next_number());
    release_as_user_code(at_.env(), owner, std::move(m.code));
  }
  return refused ? caf::result<void>{to_caf(*refused)} : caf::result<void>{caf::unit};
}

caf::result<void> node_shell::give_back(const unregister_job& m) {
  auto* j = jobs_.find(m.job);
  if (j == nullptr) {
    return at_.unknown(m.job);
  }
  if (!m.wait) {
    tell(&core::leave_job, m.job);
    return caf::unit;
  }
  auto promise = self->make_response_promise<void>();
  j->waiting.push_back(promise);
  tell(&core::leave_job, m.job);
  return promise;
}

/// It is given back as if the user had said so.
void node_shell::end_job(const job_id& job, const std::string& why) {
  if (jobs_.removed(job, why)) {
    tell(&core::leave_job, job);
  }
}

/// What was made of a submission: the job is the node's from then on, and ends when its submission does.
void node_shell::deploy(const deploy_job& m) {
  const auto answer = [&](const job_id& job, std::string why) {
    self->mail(msg::deployed{job, m.number, std::move(why)}).send(at_.who->deployer);
  };
  auto& made = **m.what;
  const auto id = made.spec.id;
  if (const auto* j = jobs_.find(id); j != nullptr && j->submitted == m.number) {
    return answer(id, {}); // a deployer that was made anew
  }
  register_job order{made.spec, std::move(made.code)};
  const auto refused = add_job(order, m.number);
  if (refused) {
    made.code = std::move(order.code); // the deployer lets go of it, on a thread for user code
  }
  answer(id, refused ? to_string(*refused) : std::string{});
}

/// Answered when the job is free, or now where it is not here.
void node_shell::undeploy(const job_id& job) {
  if (const auto* j = jobs_.find(job); j == nullptr || j->submitted == 0) {
    self->mail(msg::undeployed{job}).send(at_.who->deployer);
    return;
  }
  end_job(job, "its submission is gone");
}

// -- what users ask -----------------------------------------------------------------

caf::result<item_explanation> node_shell::explain(explain_item& m) {
  if (at_.life->is_stopping()) {
    return to_caf(at_.stopping_error());
  }
  return self->mail(std::move(m)).delegate(at_.who->manager);
}

caf::result<void> node_shell::listen(const caf::actor& listener) {
  if (!listener) {
    return caf::make_error(errc::invalid_state, "subscribe: the listener is no actor");
  }
  events_.add(listener);
  return caf::unit;
}

caf::result<void> node_shell::listen_no_more(const caf::actor& listener) {
  events_.remove(listener);
  return caf::unit;
}

caf::result<void> node_shell::stop(bool hurry) {
  auto promise = self->make_response_promise<void>();
  statuses_.asked_to_stop();
  stoppers_.push_back(promise);
  tell(&core::stop, hurry);
  return promise;
}

// -- what happens -------------------------------------------------------------------

void node_shell::happened(event& what) {
  const auto& sender = self->current_sender();
  if (!sender || children_.is_present(sender->id()) || !has_an_end(what)) {
    events_.publish(std::move(what));
  }
}

void node_shell::woken() {
  timer_.fired();
  events_.log_left_out();
  const bool user_code_runs = life_->draining() && at_.env().exec().runs({});
  tell(&core::on_wake, user_code_runs);
  admin_.tell(&admin_core::on_wake);
}

void node_shell::joined() {
  children_.joined();
  statuses_.joined();
  life_->on_joined();
  admin_.tell(&admin_core::on_joined, true);
}

void node_shell::unjoined() {
  life_->on_unjoined();
  admin_.tell(&admin_core::on_joined, false);
}

void node_shell::session_changed(const store::session_view& view) {
  children_.session_changed(view);
  life_->on_session(view.phase);
  if (view.phase == store::session_phase::expired || view.phase == store::session_phase::closed) {
    admin_.tell(&admin_core::on_joined, false);
  }
  admin_.tell(&admin_core::on_session, view);
}

/// A child has ended.
void node_shell::on_down(caf::actor_id id, const caf::error& why) {
  if (const auto which = children_.take_part(id)) {
    tell(&core::on_part_down, *which, from_caf(why));
  } else if (const auto job = children_.take_runner(id)) {
    tell(&core::on_runner_down, *job, from_caf(why));
  }
}

void node_shell::on_exit(const caf::exit_msg& m) {
  if (!children_.take_exit(m.source.id())) {
    tell(&core::stop, false);
  }
}

// -- messages -----------------------------------------------------------------------

node_impl::behavior_type node_shell::make_behavior() {
  using rev = caf::result<std::int64_t>;
  return cx::make_behavior<node_impl>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [this](msg::happened& m) { happened(m.what); }, //
    [this](msg::wake) { woken(); },
    // -- from users --
    [this](register_job& m) -> caf::result<void> { return admit(m); },
    [this](unregister_job& m) -> caf::result<void> { return give_back(m); },
    [this](switch_job& m) -> caf::result<void> { return admin_.switch_one(m); },
    [this](switch_all& m) -> caf::result<void> { return admin_.wish(admin_core::set_all_disabled{!m.enabled}); },
    [this](delete_job& m) -> caf::result<void> { return admin_.forget_job(m); },
    [this](update_job& m) -> rev {
      return admin_.order(m.job, store::order::override_spec{std::move(m.overrides), m.replace}, m.expected_rev);
    },
    [this](configure_job& m) -> rev { return admin_.configure(m); },
    [this](pause_job& m) -> rev { return admin_.order(m.job, store::order::pause{true}); },
    [this](resume_job& m) -> rev { return admin_.order(m.job, store::order::pause{false}); },
    [this](prepare_again& m) -> rev { return admin_.order(m.job, store::order::prepare_again{}); },
    [this](remove_job& m) -> rev { return admin_.order(m.job, store::order::remove{}); },
    [this](trigger_job& m) -> rev { return admin_.trigger(m); },
    [this](get_item_state& m) -> caf::result<item_state> { return admin_.see_state(m); },
    [this](set_item_state& m) -> caf::result<item_state> { return admin_.set_state(m); },
    [this](mark_worker& m) -> caf::result<void> { return admin_.mark(m); },
    [this](get_cluster) -> caf::result<cluster_view> { return admin_.see_cluster(); },
    [this](trigger_here& m) -> caf::result<std::uint64_t> { return questions_.trigger(m); },
    [this](reschedule_job& m) -> caf::result<void> { return questions_.reschedule(m); },
    [this](cancel_run& m) -> caf::result<void> { return questions_.cancel(m); },
    [this](release_item& m) -> caf::result<void> { return questions_.release(m); },
    [this](resume_here& m) -> caf::result<void> { return questions_.resume(m); },
    [this](ask_item& m) -> caf::result<item_answer> { return questions_.ask(m); },
    [this](get_history& m) -> caf::result<run_history> { return questions_.history(m); },
    [this](get_job& m) -> caf::result<runner_status> { return questions_.status_of(m.job); },
    [this](get_job_handle& m) -> caf::result<caf::actor> { return questions_.handle_of(m.job); },
    [this](get_status) -> caf::result<node_status> { return statuses_.collect(); },
    [this](explain_item& m) -> caf::result<item_explanation> { return explain(m); },
    [this](subscribe& m) -> caf::result<void> { return listen(m.listener); },
    [this](unsubscribe& m) -> caf::result<void> { return listen_no_more(m.listener); },
    [this](shutdown_node& m) -> caf::result<void> { return stop(m.hurry); },
    // -- from the parts --
    [this](msg::left) { tell(&core::on_left); }, //
    [this](msg::failed& m) { tell(&core::on_refused, m.why); }, [this](msg::drained) { tell(&core::on_drained); },
    [this](msg::settled& m) { life_->on_settled(m.settled); },
    [this](msg::job_free& m) { carry_out(life_->on_job_free(m.job)); },
    [this](job_gone& m) { carry_out(life_->on_job_gone(m.job)); }, //
    [this](msg::joined&) { joined(); }, [this](msg::unjoined) { unjoined(); },
    [this](msg::followed& m) { jobs_.follow(m.what); }, [this](msg::job_ended& m) { end_job(m.job, m.why); },
    [this](const msg::pool_changed& m) { jobs_.pool_changed(m); }, [this](const deploy_job& m) { deploy(m); }, //
    [this](const msg::undeploy& m) { undeploy(m.job); }, [this](msg::store_closed) { tell(&core::on_store_closed); },
    // -- from the store --
    [this](msg::commit_done& m) { admin_.tell(&admin_core::on_commit, m.request, m.outcome); },
    [this](msg::read_done& m) { admin_.tell(&admin_core::on_read, m.request, m.outcome); }, //
    [](msg::watch_fired&) {}, [this](msg::session_changed& m) { session_changed(m.view); },
    // -- from ourselves --
    [this](config_judged& m) { admin_.judged(m); }, [this](env_closed) { carry_out(life_->on_environment_closed()); },
    [this](caf::exit_msg& m) { on_exit(m); }, ignore_errors);
}

namespace {

node_impl::behavior_type node_behavior(node_ptr self, node_config config, node_parts parts) {
  self->state().init(self, std::move(config), std::move(parts));
  return self->state().make_behavior();
}

} // namespace

node_actor spawn_node_in(caf::actor_system& system, node_config config, node_parts parts) {
  if (parts.incarnation.empty()) {
    parts.incarnation = make_incarnation(*parts.env);
  }
  if (!parts.strategies) {
    parts.strategies = std::make_shared<const strategy_registry>();
  }
  return system.spawn(node_behavior, std::move(config), std::move(parts));
}

} // namespace djm
