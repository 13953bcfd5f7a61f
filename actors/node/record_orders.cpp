#include "actors/node/record_orders.hpp"

#include <string>
#include <utility>

#include "actors/executor/run_context.hpp"
#include "actors/node/job_orders.hpp"

namespace djm {

namespace {

/// Whether an order about the job can be taken.
expected<void> check_order(const node_state& st, const job_id& job) {
  return st.life->is_stopping() ? tl::make_unexpected(stopping_error(st)) : check_id(id_kind::job, job);
}

} // namespace

caf::result<std::int64_t> order(node_ptr self, const job_id& job, store::job_order what,
                                std::optional<std::int64_t> expected_rev) {
  auto& st = self->state();
  if (auto ok = check_order(st, job); !ok) {
    return to_caf(ok.error());
  }
  auto promise = self->make_response_promise<std::int64_t>();
  const auto id = st.next_wish++;
  st.orders.emplace(id, promise);
  tell(self, &admin_core::ask, id,
       admin_core::wish{admin_core::change_record{job, std::move(what), expected_rev, st.jobs.count(job) > 0}});
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
  tell(self, &admin_core::ask, id,
       admin_core::wish{
         admin_core::change_record{m.job, store::order::configure{std::move(m.config)}, m.expected_rev, true, true}});
  if (st.orders.count(id) == 0) {
    return promise; // too many wait
  }
  // One owner for each order: of several that wait for one owner only the last is called.
  st.parts.env->exec().call_user(
    "order " + std::to_string(id) + " " + m.job,
    [weak = caf::weak_actor_ptr{self->ctrl()}, id, code = j->code, config = std::move(*all)]() mutable {
      config_judged answer{id, false, {}};
      const auto refused = [&] {
        auto ok = code->check_config(config);
        answer.failure = ok ? std::string{} : ok.error().text;
      };
      answer.ok = !throws(refused, answer.failure) && answer.failure.empty();
      code = nullptr;
      post_to<node_impl>(weak, std::move(answer));
    });
  return promise;
}

void judged(node_ptr self, const config_judged& x) {
  expected<void> verdict;
  if (!x.ok) {
    verdict = fail(errc::invalid_config, x.failure);
  }
  tell(self, &admin_core::on_judged, x.wish, verdict);
}

caf::result<std::int64_t> trigger_all(node_ptr self, trigger_job& m) {
  if (m.request.empty()) {
    m.request = make_incarnation(*self->state().parts.env); // as good a name as any
  }
  if (auto ok = check_id(id_kind::item, m.request); !ok) {
    return to_caf({errc::invalid_id, "trigger_job::request: " + ok.error().text});
  }
  return order(self, m.job, store::order::trigger{m.request});
}

// -- what the record says ---------------------------------------------------------------

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

void end_job(node_ptr self, const job_id& job, const std::string& why) {
  auto* j = at_work(self->state(), job);
  if (j == nullptr) {
    return;
  }
  if (!std::exchange(j->removal_told, true)) {
    publish(self, job_removed{job, why});
  }
  tell(self, &supervisor_core::leave_job, job);
}

void pool_changed(node_ptr self, const msg::pool_changed& m) {
  if (auto* j = at_work(self->state(), m.job); j != nullptr && j->pool.is_news(m.at)) {
    self->mail(msg::pool_changed{m.job, m.at}).send(j->runner);
  }
}

// -- saved states ---------------------------------------------------------------------

namespace {

caf::result<item_state> ask_about(node_ptr self, const item_ref& item, admin_core::wish w) {
  auto& st = self->state();
  if (auto ok = check_order(st, item.job); !ok) {
    return to_caf(ok.error());
  }
  if (auto ok = check_id(id_kind::item, item.item); !ok) {
    return to_caf(ok.error());
  }
  auto promise = self->make_response_promise<item_state>();
  const auto id = st.next_wish++;
  st.item_states.emplace(id, promise);
  tell(self, &admin_core::ask, id, std::move(w));
  return promise;
}

} // namespace

caf::result<item_state> see_state(node_ptr self, const get_item_state& m) {
  const item_ref item{m.job, m.item};
  return ask_about(self, item, admin_core::see_state{item, self->state().jobs.count(m.job) > 0});
}

caf::result<item_state> set_state(node_ptr self, set_item_state& m) {
  const item_ref item{m.job, m.item};
  if (m.state) {
    if (auto ok = store::check_state_size(item, m.state->data.size()); !ok) {
      return to_caf(ok.error());
    }
  }
  return ask_about(
    self, item,
    admin_core::set_state{{item, std::move(m.state), m.expected_version, {}}, self->state().jobs.count(m.job) > 0});
}

} // namespace djm
