#include "actors/node/node_shell.hpp"

#include <utility>

#include "actors/common/store_client.hpp"
#include "actors/executor/run_context.hpp"
#include "actors/node/admission.hpp"
#include "actors/node/listener.hpp"
#include "actors/node/node_state.hpp"

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

/// Nothing is refused for it: the node that leads may know the strategy although this one does not.
void warn_of_strategy(node_ptr self, const job_spec& spec) {
  const auto& known = *self->state().parts.strategies;
  const auto& name = spec.attributes.strategy;
  if (name.empty() || known.find(name) != nullptr) {
    return;
  }
  std::string names;
  for (const auto& x : known.names()) {
    names += (names.empty() ? "" : ", ") + x;
  }
  publish(self, problem{"node",
                        {errc::unknown_strategy, "job \"" + spec.id + "\" names the strategy \"" + name +
                                                   "\", which this node does not know: while it leads, items of the "
                                                   "job get no worker; known are " +
                                                   names},
                        about_job(planner_strategy, spec.id)});
}

caf::result<void> add_job(node_ptr self, register_job& m) {
  auto& st = self->state();
  const auto& id = m.spec.id;
  if (st.life->is_stopping()) {
    return to_caf(stopping_error(st));
  }
  if (auto ok = check_admission(m.spec, st.identity.config); !ok) {
    return to_caf(ok.error());
  }
  if (!m.code) {
    return caf::make_error(errc::invalid_config, "job \"" + id + "\" has no code");
  }
  if (st.jobs.count(id) > 0) {
    return caf::make_error(
      errc::duplicate_job,
      "job \"" + id + "\" is registered on node \"" + st.identity.config.id + "\" already" +
        (st.life->is_leaving(id) ? " and on its way out; unregister_job is answered when it is free" : ""));
  }
  const auto job = id;
  warn_of_strategy(self, m.spec);
  auto activity = std::make_shared<job_activity>();
  auto code = guard(st.parts.env, job, std::move(m.code), activity,
                    [weak = caf::weak_actor_ptr{self->ctrl()}, job] { post_to<node_impl>(weak, job_gone{job}); });
  st.jobs.emplace(job, job_entry{std::move(m.spec), {}, std::move(code), std::move(activity), {}, {}, {}});
  carry_out(self, st.life->add_job(job));
  return caf::unit;
}

caf::error unknown(const node_state& st, const job_id& job) {
  return caf::make_error(errc::unknown_job,
                         "job \"" + job + "\" is not registered on node \"" + st.identity.config.id + "\"");
}

/// Null as well for a job that has been let go and whose code has not come back.
job_entry* at_work(node_state& st, const job_id& job) {
  const auto j = st.jobs.find(job);
  return j == st.jobs.end() || !j->second.runner ? nullptr : &j->second;
}

/// A problem, a grant, or a state of the connection or the leadership: its end is told as well, by whoever has told it.
bool has_an_end(const event& what) {
  const auto* starved = std::get_if<item_starved>(&what);
  return std::holds_alternative<problem>(what) || std::holds_alternative<pool_problem>(what) ||
         std::holds_alternative<run_overrun>(what) || std::holds_alternative<items_granted>(what) ||
         std::holds_alternative<connection_changed>(what) || std::holds_alternative<leader_changed>(what) ||
         (starved != nullptr && !starved->over);
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

/// Whether an order about the job can be taken.
expected<void> check_order(const node_state& st, const job_id& job) {
  return st.life->is_stopping() ? tl::make_unexpected(stopping_error(st)) : check_id(id_kind::job, job);
}

/// Carries out an order whose promise is among the orders.
void begin_order(node_ptr self, std::uint64_t id, const job_id& job, store::job_order what,
                 std::optional<std::int64_t> expected_rev) {
  const bool offered = self->state().jobs.count(job) > 0;
  tell(self, &admin_core::ask, id,
       admin_core::wish{admin_core::change_record{job, std::move(what), expected_rev, offered}});
}

caf::result<std::int64_t> order(node_ptr self, const job_id& job, store::job_order what,
                                std::optional<std::int64_t> expected_rev = {}) {
  auto& st = self->state();
  if (auto ok = check_order(st, job); !ok) {
    return to_caf(ok.error());
  }
  auto promise = self->make_response_promise<std::int64_t>();
  const auto id = st.next_wish++;
  st.orders.emplace(id, promise);
  begin_order(self, id, job, std::move(what), expected_rev);
  return promise;
}

/// Where the job is registered here its code says first whether it can work with that, on a thread of its own.
caf::result<std::int64_t> configure(node_ptr self, configure_job& m) {
  auto& st = self->state();
  const auto* j = at_work(st, m.job);
  if (j == nullptr || !check_order(st, m.job)) {
    return order(self, m.job, store::order::configure{std::move(m.config)}, m.expected_rev);
  }
  auto all = j->spec.config.merged(m.config);
  if (!all) {
    return to_caf({all.error().code, "configuration of job \"" + m.job + "\": " + all.error().text});
  }
  auto promise = self->make_response_promise<std::int64_t>();
  const auto id = st.next_wish++;
  st.orders.emplace(id, promise);
  // One owner for each order: of several that wait for one owner only the last is called.
  st.parts.env->exec().call_user("order " + std::to_string(id) + " " + m.job,
                                 [weak = caf::weak_actor_ptr{self->ctrl()}, id, code = j->code,
                                  config = std::move(*all)]() mutable {
                                   config_judged answer{id, false, {}};
                                   const auto refused = [&] {
                                     auto ok = code->check_config(config);
                                     answer.failure = ok ? std::string{} : ok.error().text;
                                   };
                                   answer.ok = !throws(refused, answer.failure) && answer.failure.empty();
                                   code = nullptr;
                                   post_to<node_impl>(weak, std::move(answer));
                                 });
  st.to_judge.emplace(id, std::move(m));
  return promise;
}

void judged(node_ptr self, const config_judged& x) {
  auto& st = self->state();
  auto node = st.to_judge.extract(x.wish);
  if (node.empty()) {
    return;
  }
  auto& m = node.mapped();
  if (x.ok && !st.life->is_stopping()) {
    begin_order(self, x.wish, m.job, store::order::configure{std::move(m.config)}, m.expected_rev);
    return;
  }
  auto promise = st.orders.extract(x.wish);
  promise.mapped().deliver(
    to_caf(x.ok ? stopping_error(st)
                : error{errc::invalid_config, "configuration of job \"" + m.job + "\": " + x.failure}));
}

caf::result<std::int64_t> trigger_all(node_ptr self, trigger_everywhere& m) {
  if (m.request.empty()) {
    m.request = make_incarnation(*self->state().parts.env); // as good a name as any
  }
  if (auto ok = check_id(id_kind::item, m.request); !ok) {
    return to_caf({errc::invalid_id, "trigger_everywhere::request: " + ok.error().text});
  }
  return order(self, m.job, store::order::trigger{m.request});
}

caf::result<void> mark(node_ptr self, const mark_worker& m) {
  if (auto ok = check_id(id_kind::node, m.worker); !ok) {
    return to_caf(ok.error());
  }
  return wish(self, admin_core::set_marks{m.worker, m.draining, m.cordoned});
}

/// `f(entry)` with the job at work, or an error that says why there is none.
template <class Result, class F>
caf::result<Result> with_job(node_ptr self, const job_id& job, F f) {
  auto& st = self->state();
  if (st.life->is_stopping()) {
    return to_caf(stopping_error(st));
  }
  auto* j = at_work(st, job);
  if (j == nullptr) {
    return unknown(st, job);
  }
  return f(*j);
}

caf::result<std::uint64_t> trigger(node_ptr self, const trigger_job& m) {
  return with_job<std::uint64_t>(self, m.job, [self](job_entry& j) -> caf::result<std::uint64_t> {
    return self->mail(msg::trigger{}).delegate(j.runner);
  });
}

caf::result<void> reschedule(node_ptr self, const reschedule_job& m) {
  return with_job<void>(self, m.job, [&](job_entry& j) -> caf::result<void> {
    if (auto ok = validate(m.schedule); !ok) {
      return to_caf(ok.error());
    }
    j.spec.schedule = m.schedule;
    self->mail(msg::reschedule{m.schedule}).send(j.runner);
    return caf::unit;
  });
}

/// Runners are asked while the node stops, too: that is when one wants to know what still runs.
caf::result<runner_status> status_of_job(node_ptr self, const job_id& job) {
  auto& st = self->state();
  auto* j = at_work(st, job);
  if (j == nullptr) {
    return unknown(st, job);
  }
  return self->mail(msg::get_part_status{}).delegate(j->runner);
}

caf::result<caf::actor> handle_of_job(node_ptr self, const job_id& job) {
  auto& st = self->state();
  auto* j = at_work(st, job);
  if (j == nullptr) {
    return unknown(st, job);
  }
  return caf::actor_cast<caf::actor>(j->runner);
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
  self->state().stoppers.push_back(promise);
  tell(self, &supervisor_core::stop, hurry);
  return promise;
}

// -- what happens ---------------------------------------------------------------------

/// The record of a job has changed.
void follow(node_ptr self, followed_job& what) {
  auto& st = self->state();
  auto* j = at_work(st, what.job);
  if (j == nullptr) {
    return; // let go meanwhile
  }
  const bool news = !j->followed || j->followed->rev != what.rev || j->followed->rules != what.rules;
  if (news) {
    publish(self, job_changed{what.job, what.rev, what.rules, what.deployment, what.paused});
  }
  self->mail(msg::follow{what}).send(j->runner);
  what.triggers = 0; // a runner that takes the place of this one hears the rest
  j->followed = std::move(what);
}

/// The job is gone from the cluster: it is given back as if the user had said so.
void end_job(node_ptr self, const msg::job_ended& m) {
  if (at_work(self->state(), m.job) != nullptr) {
    publish(self, job_removed{m.job, m.why});
    tell(self, &supervisor_core::leave_job, m.job);
  }
}

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

void init(node_ptr self, node_config config, node_parts parts) {
  init_part(self);
  auto& st = self->state();
  st.parts = std::move(parts);
  st.identity = {std::move(config), st.parts.incarnation, st.parts.host, st.parts.pid};
  st.life = std::make_unique<supervisor_core>(supervisor_settings(st.identity));
  st.admin = std::make_unique<admin_core>(admin_settings(st.identity));
  st.desk = std::make_unique<event_desk>(st.identity.config.id, st.identity.config.store.connect);
  st.timer.init(st.parts.env, caf::weak_actor_ptr{self->ctrl()});
  st.now = std::make_shared<peers>();
  st.now->node = supervisor_actor{self};
  if (auto feed = std::exchange(st.parts.feed, nullptr)) {
    add_listener(self, self->system().spawn(listener_behavior, std::move(feed), caf::weak_actor_ptr{self->ctrl()}));
  }
  carry_out(self, st.life->start());
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
    [self](msg::wake) { woken(self); }, [self](register_job& m) -> caf::result<void> { return add_job(self, m); },
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
    [self](remove_job& m) -> caf::result<std::int64_t> { return order(self, m.job, store::order::remove{}); },
    [self](trigger_everywhere& m) -> caf::result<std::int64_t> { return trigger_all(self, m); },
    [self](mark_worker& m) -> caf::result<void> { return mark(self, m); },
    [self](trigger_job& m) -> caf::result<std::uint64_t> { return trigger(self, m); },
    [self](reschedule_job& m) -> caf::result<void> { return reschedule(self, m); },
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
    [self](msg::followed& m) { follow(self, m.what); }, [self](msg::job_ended& m) { end_job(self, m); },
    [self](msg::store_closed) { tell(self, &supervisor_core::on_store_closed); },
    // -- from the store --
    [self](msg::commit_done& m) { tell(self, &admin_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) { tell(self, &admin_core::on_read, m.request, m.outcome); }, [](msg::watch_fired&) {},
    [self](msg::session_changed& m) { session_changed(self, m.view); },
    [self](config_judged& m) { judged(self, m); },
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
