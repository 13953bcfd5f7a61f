#include "actors/node/node_shell.hpp"

#include <utility>

#include "actors/common/store_client.hpp"
#include "actors/node/admission.hpp"
#include "actors/node/listener.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

void carry_out(node_ptr self, admin_core::effects fx) {
  auto& st = self->state();
  for (auto& e : fx) {
    std::visit(overloaded{
                 [&](commit_effect& x) { send_commit(self, *st.parts.env, st.now->store, x); },
                 [&](read_effect& x) {
                   self->mail(msg::read{x.request, std::move(x.reads), x.fresh}).send(st.now->store);
                 },
                 [&](admin_core::done& x) {
                   if (auto w = st.wishes.find(x.id); w != st.wishes.end()) {
                     if (x.result) {
                       cx::deliver(w->second);
                     } else {
                       w->second.deliver(to_caf(x.result.error()));
                     }
                     st.wishes.erase(w);
                   } else if (auto v = st.views.find(x.id); v != st.views.end()) {
                     v->second.deliver(to_caf(x.result.error()));
                     st.views.erase(v);
                   }
                 },
                 [&](admin_core::viewed& x) {
                   if (auto v = st.views.find(x.id); v != st.views.end()) {
                     v->second.deliver(std::move(x.view));
                     st.views.erase(v);
                   }
                 },
               },
               e);
  }
  set_timer(st);
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
  st.jobs.emplace(job, job_entry{std::move(m.spec), std::move(code), std::move(activity), {}, {}, {}});
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

node_impl::behavior_type node_behavior(node_ptr self, node_config config, node_parts parts) {
  init_part(self);
  auto& st = self->state();
  st.parts = std::move(parts);
  st.identity = {std::move(config), st.parts.incarnation, st.parts.host, st.parts.pid};
  st.life = std::make_unique<supervisor_core>(supervisor_settings(st.identity));
  st.admin = std::make_unique<admin_core>(admin_settings(st.identity));
  st.timer.init(st.parts.env, caf::weak_actor_ptr{self->ctrl()});
  st.now = std::make_shared<peers>();
  st.now->node = supervisor_actor{self};
  if (auto feed = std::exchange(st.parts.feed, nullptr)) {
    add_listener(self, self->system().spawn(listener_behavior, std::move(feed), caf::weak_actor_ptr{self->ctrl()}));
  }
  carry_out(self, st.life->start());
  return cx::make_behavior<node_impl>(
    self,
    // CAF tries the handlers one after the other: what comes most often stands first.
    [self](msg::happened& m) {
      if (!ended_with_its_part(self, m.what)) {
        publish(self, std::move(m.what));
      }
    },
    [self](msg::wake) {
      auto& s = self->state();
      s.timer.fired();
      log_left_out(s);
      const bool user_code_runs = s.life->draining() && !s.parts.env->exec().running({}).empty();
      tell(self, &supervisor_core::on_wake, user_code_runs);
      tell(self, &admin_core::on_wake);
    },
    [self](register_job& m) -> caf::result<void> { return add_job(self, m); },
    [self](unregister_job& m) -> caf::result<void> {
      auto& s = self->state();
      auto j = s.jobs.find(m.job);
      if (j == s.jobs.end()) {
        return unknown(s, m.job);
      }
      if (!m.wait) {
        tell(self, &supervisor_core::leave_job, m.job);
        return caf::unit;
      }
      auto promise = self->make_response_promise<void>();
      j->second.waiting.push_back(promise);
      tell(self, &supervisor_core::leave_job, m.job);
      return promise;
    },
    [self](switch_job& m) -> caf::result<void> {
      if (auto ok = check_id(id_kind::job, m.job); !ok) {
        return to_caf(ok.error());
      }
      return wish(self, admin_core::set_job_enabled{m.job, m.enabled, self->state().jobs.count(m.job) > 0});
    },
    [self](switch_all& m) -> caf::result<void> { return wish(self, admin_core::set_all_disabled{!m.enabled}); },
    [self](delete_job& m) -> caf::result<void> {
      auto& s = self->state();
      if (auto ok = check_id(id_kind::job, m.job); !ok) {
        return to_caf(ok.error());
      }
      if (s.jobs.count(m.job) > 0) {
        return to_caf({errc::invalid_state, "job \"" + m.job + "\" cannot be deleted: node \"" + s.identity.config.id +
                                              "\" offers it; unregister it there first"});
      }
      return wish(self, admin_core::remove_job{m.job});
    },
    [self](mark_worker& m) -> caf::result<void> {
      if (auto ok = check_id(id_kind::node, m.worker); !ok) {
        return to_caf(ok.error());
      }
      return wish(self, admin_core::set_marks{m.worker, m.draining, m.cordoned});
    },
    [self](trigger_job& m) -> caf::result<std::uint64_t> {
      auto& s = self->state();
      if (s.life->is_stopping()) {
        return to_caf(stopping_error(s));
      }
      auto* j = at_work(s, m.job);
      if (j == nullptr) {
        return unknown(s, m.job);
      }
      return self->mail(msg::trigger{}).delegate(j->runner);
    },
    [self](reschedule_job& m) -> caf::result<void> {
      auto& s = self->state();
      if (s.life->is_stopping()) {
        return to_caf(stopping_error(s));
      }
      auto* j = at_work(s, m.job);
      if (j == nullptr) {
        return unknown(s, m.job);
      }
      if (auto ok = validate(m.schedule); !ok) {
        return to_caf(ok.error());
      }
      j->spec.schedule = m.schedule;
      self->mail(msg::reschedule{m.schedule}).send(j->runner);
      return caf::unit;
    },
    [self](get_status) -> caf::result<node_status> { return collect_status(self); },
    [self](get_cluster) -> caf::result<cluster_view> {
      auto& s = self->state();
      if (s.life->is_stopping()) {
        return to_caf(stopping_error(s));
      }
      auto promise = self->make_response_promise<cluster_view>();
      const auto id = s.next_wish++;
      s.views.emplace(id, promise);
      tell(self, &admin_core::ask, id, admin_core::see_cluster{});
      return promise;
    },
    [self](get_job& m) -> caf::result<runner_status> {
      auto& s = self->state();
      auto* j = at_work(s, m.job);
      if (j == nullptr) {
        return unknown(s, m.job);
      }
      return self->mail(msg::get_part_status{}).delegate(j->runner);
    },
    [self](get_job_handle& m) -> caf::result<caf::actor> {
      auto& s = self->state();
      auto* j = at_work(s, m.job);
      if (j == nullptr) {
        return unknown(s, m.job);
      }
      return caf::actor_cast<caf::actor>(j->runner);
    },
    [self](explain_item& m) -> caf::result<item_explanation> {
      auto& s = self->state();
      if (s.life->is_stopping()) {
        return to_caf(stopping_error(s));
      }
      return self->mail(std::move(m)).delegate(s.now->manager);
    },
    [self](subscribe& m) -> caf::result<void> {
      if (!m.listener) {
        return caf::make_error(errc::invalid_state, "subscribe: the listener is no actor");
      }
      add_listener(self, m.listener);
      return caf::unit;
    },
    [self](unsubscribe& m) -> caf::result<void> {
      auto& s = self->state();
      if (!m.listener) {
        return caf::unit;
      }
      if (auto l = s.listeners.find(m.listener.id()); l != s.listeners.end()) {
        l->second.end.dispose();
        s.listeners.erase(l);
      }
      return caf::unit;
    },
    [self](shutdown_node& m) -> caf::result<void> {
      auto& s = self->state();
      auto promise = self->make_response_promise<void>();
      s.stoppers.push_back(promise);
      tell(self, &supervisor_core::stop, m.hurry);
      return promise;
    },
    // -- from the parts --
    [self](msg::left) { tell(self, &supervisor_core::on_left); },
    [self](msg::failed& m) { tell(self, &supervisor_core::on_refused, m.why); },
    [self](msg::drained) { tell(self, &supervisor_core::on_drained); },
    [self](msg::settled& m) { self->state().life->on_settled(m.settled); },
    [self](msg::job_free& m) { carry_out(self, self->state().life->on_job_free(m.job)); },
    [self](job_gone& m) { carry_out(self, self->state().life->on_job_gone(m.job)); },
    [self](msg::joined&) {
      auto& s = self->state();
      s.has_joined = true;
      s.life->on_joined();
      tell(self, &admin_core::on_joined, true);
    },
    [self](msg::unjoined) {
      auto& s = self->state();
      s.life->on_unjoined();
      tell(self, &admin_core::on_joined, false);
    },
    [self](msg::store_closed) { tell(self, &supervisor_core::on_store_closed); },
    // -- from the store --
    [self](msg::commit_done& m) { tell(self, &admin_core::on_commit, m.request, m.outcome); },
    [self](msg::read_done& m) { tell(self, &admin_core::on_read, m.request, m.outcome); }, [](msg::watch_fired&) {},
    [self](msg::session_changed& m) {
      auto& s = self->state();
      s.session = m.view;
      s.life->on_session(m.view.phase);
      if (m.view.phase == store::session_phase::expired || m.view.phase == store::session_phase::closed) {
        tell(self, &admin_core::on_joined, false);
      }
      tell(self, &admin_core::on_session, m.view);
    },
    // -- at last --
    [self](env_closed) { carry_out(self, self->state().life->on_environment_closed()); },
    [self](caf::exit_msg& em) {
      auto& s = self->state();
      if (s.own.erase(em.source.id()) == 0) {
        tell(self, &supervisor_core::stop, false);
      }
    },
    ignore_errors);
}

} // namespace

std::string make_incarnation(node_env& env) {
  static const char digits[] = "0123456789abcdef";
  std::string result;
  auto bits = env.random();
  for (int i = 0; i < 16; ++i) {
    result.push_back(digits[bits & 15]);
    bits >>= 4;
  }
  return result;
}

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
