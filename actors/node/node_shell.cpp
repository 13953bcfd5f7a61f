#include "actors/node/node_shell.hpp"

#include <utility>

#include "actors/common/store_client.hpp"
#include "actors/node/admission.hpp"
#include "actors/node/job_orders.hpp"
#include "actors/node/listener.hpp"
#include "actors/node/node_jobs.hpp"
#include "actors/node/node_state.hpp"
#include "actors/node/record_orders.hpp"
#include "actors/node/report_feed.hpp"
#include "actors/node/status_teller.hpp"

namespace djm {

namespace {

void apply(node_ptr self, commit_effect& x) {
  const auto& st = self->state();
  send_commit(self, *st.parts.env, st.now->store, x);
}
void apply(node_ptr self, read_effect& x) {
  self->mail(msg::read{x.request, std::move(x.reads), x.fresh}).send(self->state().now->store);
}
void apply(node_ptr self, admin_core::done& x) {
  auto& st = self->state();
  if (auto w = st.wishes.find(x.id); w != st.wishes.end()) {
    if (x.result) {
      cx::deliver(w->second);
    } else {
      w->second.deliver(to_caf(x.result.error()));
    }
    st.wishes.erase(w);
  } else if (auto o = st.orders.find(x.id); o != st.orders.end()) {
    if (x.result) {
      o->second.deliver(x.rev);
    } else {
      o->second.deliver(to_caf(x.result.error()));
    }
    st.orders.erase(o);
  } else if (auto v = st.views.find(x.id); v != st.views.end()) {
    v->second.deliver(to_caf(x.result.error()));
    st.views.erase(v);
  } else if (auto i = st.item_states.extract(x.id)) {
    if (x.result) {
      i.mapped().deliver(std::move(x.saved));
    } else {
      i.mapped().deliver(to_caf(x.result.error()));
    }
  }
}
void apply(node_ptr self, admin_core::viewed& x) {
  auto& views = self->state().views;
  if (auto v = views.find(x.id); v != views.end()) {
    v->second.deliver(std::move(x.view));
    views.erase(v);
  }
}

} // namespace

void carry_out(node_ptr self, admin_core::effects fx) {
  for (auto& e : fx) {
    std::visit([&](auto& x) { apply(self, x); }, e);
  }
  set_timer(self->state());
}

namespace {

caf::result<void> wish(node_ptr self, admin_core::wish w) {
  auto& st = self->state();
  if (st.life->is_stopping()) {
    return to_caf(stopping_error(st));
  }
  auto promise = self->make_response_promise<void>();
  const auto id = st.next_wish++;
  st.wishes.emplace(id, promise);
  tell(self, &admin_core::ask, id, std::move(w));
  return promise;
}

caf::result<void> admit(node_ptr self, register_job& m) {
  const auto refused = add_job(self, m);
  if (m.code) {
    auto& st = self->state();
    const auto owner = "refused " + m.spec.id + " " + std::to_string(st.next_wish++);
    release_as_user_code(*st.parts.env, owner, std::move(m.code));
  }
  return refused ? caf::result<void>{to_caf(*refused)} : caf::result<void>{caf::unit};
}

/// A problem, a grant, or a state of the connection or the leadership: its end is told as well, by whoever has told it.
bool has_an_end(const event& what) {
  const auto* starved = std::get_if<item_starved>(&what);
  const auto* parked = std::get_if<items_parked>(&what);
  const auto* paused = std::get_if<job_paused>(&what);
  return std::holds_alternative<problem>(what) || std::holds_alternative<pool_problem>(what) ||
         std::holds_alternative<run_overrun>(what) || std::holds_alternative<items_granted>(what) ||
         std::holds_alternative<connection_changed>(what) || std::holds_alternative<leader_changed>(what) ||
         (starved != nullptr && !starved->over) || (parked != nullptr && !parked->over) ||
         (paused != nullptr && !paused->over);
}

/// Whether we are told of something by a part that has been replaced since, or by a runner whose job was let go: it
/// ended with that part, and nobody would ever say that it is over. What was given back, and what became of runs,
/// counts all the same.
bool ended_with_its_part(node_ptr self, const event& what) {
  const auto& st = self->state();
  const auto& sender = self->current_sender();
  return sender && st.part_ids.count(sender->id()) + st.runner_ids.count(sender->id()) == 0 && has_an_end(what);
}

// -- what users ask -----------------------------------------------------------------

caf::result<void> give_back(node_ptr self, const unregister_job& m) {
  auto& st = self->state();
  auto j = st.jobs.find(m.job);
  if (j == st.jobs.end()) {
    return unknown(st, m.job);
  }
  if (!m.wait) {
    tell(self, &supervisor_core::leave_job, m.job);
    return caf::unit;
  }
  auto promise = self->make_response_promise<void>();
  j->second.waiting.push_back(promise);
  tell(self, &supervisor_core::leave_job, m.job);
  return promise;
}

caf::result<void> enable_job(node_ptr self, const switch_job& m) {
  if (auto ok = check_id(id_kind::job, m.job); !ok) {
    return to_caf(ok.error());
  }
  return wish(self, admin_core::set_job_enabled{m.job, m.enabled, self->state().jobs.count(m.job) > 0});
}

caf::result<void> forget_job(node_ptr self, const delete_job& m) {
  const auto& st = self->state();
  if (auto ok = check_id(id_kind::job, m.job); !ok) {
    return to_caf(ok.error());
  }
  if (st.jobs.count(m.job) > 0) {
    return to_caf({errc::invalid_state, "job \"" + m.job + "\" cannot be deleted: node \"" + st.identity.config.id +
                                          "\" offers it; unregister it there first"});
  }
  return wish(self, admin_core::remove_job{m.job});
}

caf::result<void> mark(node_ptr self, const mark_worker& m) {
  if (auto ok = check_id(id_kind::node, m.worker); !ok) {
    return to_caf(ok.error());
  }
  return wish(self, admin_core::set_marks{m.worker, m.draining, m.cordoned});
}

caf::result<cluster_view> see_cluster(node_ptr self) {
  auto& st = self->state();
  if (st.life->is_stopping()) {
    return to_caf(stopping_error(st));
  }
  auto promise = self->make_response_promise<cluster_view>();
  const auto id = st.next_wish++;
  st.views.emplace(id, promise);
  tell(self, &admin_core::ask, id, admin_core::see_cluster{});
  return promise;
}

caf::result<item_explanation> explain(node_ptr self, explain_item& m) {
  auto& st = self->state();
  if (st.life->is_stopping()) {
    return to_caf(stopping_error(st));
  }
  return self->mail(std::move(m)).delegate(st.now->manager);
}

caf::result<void> listen(node_ptr self, const subscribe& m) {
  if (!m.listener) {
    return caf::make_error(errc::invalid_state, "subscribe: the listener is no actor");
  }
  add_listener(self, m.listener);
  return caf::unit;
}

void listen_no_more(node_ptr self, const unsubscribe& m) {
  auto& listeners = self->state().listeners;
  if (auto l = m.listener ? listeners.find(m.listener.id()) : listeners.end(); l != listeners.end()) {
    l->second.end.dispose();
    listeners.erase(l);
    count_listeners(self->state());
  }
}

caf::result<void> stop(node_ptr self, bool hurry) {
  auto promise = self->make_response_promise<void>();
  auto& st = self->state();
  st.asked_to_stop = st.asked_to_stop.value_or(st.parts.env->now());
  st.stoppers.push_back(promise);
  tell(self, &supervisor_core::stop, hurry);
  return promise;
}

// -- what happens ---------------------------------------------------------------------

void woken(node_ptr self) {
  auto& st = self->state();
  st.timer.fired();
  log_left_out(st);
  const bool user_code_runs = st.life->draining() && st.parts.env->exec().runs({});
  tell(self, &supervisor_core::on_wake, user_code_runs);
  tell(self, &admin_core::on_wake);
}

void joined(node_ptr self) {
  auto& st = self->state();
  st.has_joined = true;
  st.first_joined = st.first_joined.value_or(st.parts.env->now());
  st.life->on_joined();
  tell(self, &admin_core::on_joined, true);
}

void unjoined(node_ptr self) {
  self->state().life->on_unjoined();
  tell(self, &admin_core::on_joined, false);
}

void session_changed(node_ptr self, const store::session_view& view) {
  auto& st = self->state();
  st.session = view;
  st.life->on_session(view.phase);
  if (view.phase == store::session_phase::expired || view.phase == store::session_phase::closed) {
    tell(self, &admin_core::on_joined, false);
  }
  tell(self, &admin_core::on_session, view);
}

caf::actor spawn_teller(node_ptr self, duration period, std::function<void(node_status&)> tell) {
  return self->system().spawn(status_teller_behavior, node_actor{self}, self->state().parts.env, period,
                              std::move(tell));
}

void init(node_ptr self, node_config config, node_parts parts) {
  init_part(self);
  auto& st = self->state();
  st.parts = std::move(parts);
  st.identity = {std::move(config), st.parts.incarnation, st.parts.host, st.parts.pid, st.parts.http_url, {}};
  if (st.parts.kinds) {
    for (const auto& k : *st.parts.kinds) {
      st.identity.kinds.push_back(store::name_of_kind(k.name, k.version));
    }
  }
  st.life = std::make_unique<supervisor_core>(supervisor_settings(st.identity));
  st.admin = std::make_unique<admin_core>(admin_settings(st.identity));
  st.desk = std::make_unique<event_desk>(st.identity.config.id, st.identity.config.store.connect);
  st.timer.init(st.parts.env, caf::weak_actor_ptr{self->ctrl()});
  st.started = st.parts.env->now();
  st.now = std::make_shared<peers>();
  st.now->node = supervisor_actor{self};
  if (auto feed = std::exchange(st.parts.feed, nullptr)) {
    add_listener(self, self->system().spawn(listener_behavior, std::move(feed), caf::weak_actor_ptr{self->ctrl()}));
  }
  if (const duration period = st.identity.config.status_period; period > duration::zero()) {
    st.teller = spawn_teller(self, period, [env = st.parts.env](node_status& s) { log_status_line(*env, s); });
  }
  if (st.parts.reports) {
    st.reporting =
      spawn_teller(self, st.parts.report_period, [to = st.parts.reports](node_status& s) { to->push(std::move(s)); });
  }
  carry_out(self, st.life->start());
  for (auto& j : std::exchange(st.parts.jobs, {})) {
    register_job m{std::move(j.spec), std::move(j.code)};
    (void) add_job(self, m);
  }
}

node_impl::behavior_type node_behavior(node_ptr self, node_config config, node_parts parts) {
  init(self, std::move(config), std::move(parts));
  return cx::make_behavior<node_impl>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](msg::happened& m) {
      if (!ended_with_its_part(self, m.what)) {
        publish(self, std::move(m.what));
      }
    },
    [self](msg::wake) { woken(self); }, [self](register_job& m) -> caf::result<void> { return admit(self, m); },
    [self](unregister_job& m) -> caf::result<void> { return give_back(self, m); },
    [self](switch_job& m) -> caf::result<void> { return enable_job(self, m); },
    [self](switch_all& m) -> caf::result<void> { return wish(self, admin_core::set_all_disabled{!m.enabled}); },
    [self](delete_job& m) -> caf::result<void> { return forget_job(self, m); },
    [self](update_job& m) -> caf::result<std::int64_t> {
      return order(self, m.job, store::order::override_spec{std::move(m.overrides), m.replace}, m.expected_rev);
    },
    [self](configure_job& m) -> caf::result<std::int64_t> { return configure(self, m); },
    [self](pause_job& m) -> caf::result<std::int64_t> { return order(self, m.job, store::order::pause{true}); },
    [self](resume_job& m) -> caf::result<std::int64_t> { return order(self, m.job, store::order::pause{false}); },
    [self](prepare_again& m) -> caf::result<std::int64_t> { return order(self, m.job, store::order::prepare_again{}); },
    [self](remove_job& m) -> caf::result<std::int64_t> { return order(self, m.job, store::order::remove{}); },
    [self](trigger_job& m) -> caf::result<std::int64_t> { return trigger_all(self, m); },
    [self](get_item_state& m) -> caf::result<item_state> { return see_state(self, m); },
    [self](set_item_state& m) -> caf::result<item_state> { return set_state(self, m); },
    [self](mark_worker& m) -> caf::result<void> { return mark(self, m); },
    [self](trigger_here& m) -> caf::result<std::uint64_t> { return trigger(self, m); },
    [self](reschedule_job& m) -> caf::result<void> { return reschedule(self, m); },
    [self](cancel_run& m) -> caf::result<void> { return cancel(self, m); },
    [self](release_item& m) -> caf::result<void> { return release(self, m); },
    [self](resume_here& m) -> caf::result<void> { return resume(self, m); },
    [self](ask_item& m) -> caf::result<item_answer> { return ask(self, m); },
    [self](get_history& m) -> caf::result<run_history> { return history(self, m); },
    [self](get_status) -> caf::result<node_status> { return collect_status(self); },
    [self](get_cluster) -> caf::result<cluster_view> { return see_cluster(self); },
    [self](get_job& m) -> caf::result<runner_status> { return status_of_job(self, m.job); },
    [self](get_job_handle& m) -> caf::result<caf::actor> { return handle_of_job(self, m.job); },
    [self](explain_item& m) -> caf::result<item_explanation> { return explain(self, m); },
    [self](subscribe& m) -> caf::result<void> { return listen(self, m); },
    [self](unsubscribe& m) -> caf::result<void> {
      listen_no_more(self, m);
      return caf::unit;
    },
    [self](shutdown_node& m) -> caf::result<void> { return stop(self, m.hurry); },
    // -- from the parts --
    [self](msg::left) { tell(self, &supervisor_core::on_left); },
    [self](msg::failed& m) { tell(self, &supervisor_core::on_refused, m.why); },
    [self](msg::drained) { tell(self, &supervisor_core::on_drained); },
    [self](msg::settled& m) { self->state().life->on_settled(m.settled); },
    [self](msg::job_free& m) { carry_out(self, self->state().life->on_job_free(m.job)); },
    [self](job_gone& m) { carry_out(self, self->state().life->on_job_gone(m.job)); },
    [self](msg::joined&) { joined(self); }, [self](msg::unjoined) { unjoined(self); },
    [self](msg::followed& m) { follow(self, m.what); }, [self](msg::job_ended& m) { end_job(self, m.job, m.why); },
    [self](const msg::pool_changed& m) { pool_changed(self, m); }, [self](const deploy_job& m) { deploy(self, m); },
    [self](const msg::undeploy& m) { undeploy(self, m.job); },
    [self](msg::store_closed) { tell(self, &supervisor_core::on_store_closed); },
    // -- from the store --
    [self](msg::commit_done& m) { tell(self, &admin_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) { tell(self, &admin_core::on_read, m.request, m.outcome); }, [](msg::watch_fired&) {},
    [self](msg::session_changed& m) { session_changed(self, m.view); }, [self](config_judged& m) { judged(self, m); },
    // -- at last --
    [self](env_closed) { carry_out(self, self->state().life->on_environment_closed()); },
    [self](caf::exit_msg& em) {
      if (self->state().own.erase(em.source.id()) == 0) {
        tell(self, &supervisor_core::stop, false);
      }
    },
    ignore_errors);
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
