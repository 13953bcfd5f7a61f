#include "actors/node/admin_shell.hpp"

#include <string>

#include "actors/executor/run_context.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

// -- what the core wants ------------------------------------------------------------

void admin_shell::carry_out(admin_core::effects fx) {
  for (auto& e : fx) {
    std::visit([this](auto& x) { apply(x); }, e);
  }
  core_waits_();
}

void admin_shell::apply(commit_effect& x) {
  send_commit(at_.self, at_.env(), at_.who->store, x);
}

void admin_shell::apply(read_effect& x) {
  send_read(at_.self, at_.who, x);
}

void admin_shell::apply(admin_core::done& x) {
  const auto answer = [&](auto& promise, auto deliver) {
    if (x.result) {
      deliver(promise);
    } else {
      promise.deliver(to_caf(x.result.error()));
    }
  };
  if (auto w = wishes_.extract(x.id)) {
    answer(w.mapped(), [](auto& p) { cx::deliver(p); });
  } else if (auto o = orders_.extract(x.id)) {
    answer(o.mapped(), [&](auto& p) { p.deliver(x.rev); });
  } else if (auto i = item_states_.extract(x.id)) {
    answer(i.mapped(), [&](auto& p) { p.deliver(std::move(x.saved)); });
  } else if (auto v = views_.extract(x.id)) {
    v.mapped().deliver(to_caf(x.result.error())); // one that succeeds is `viewed`
  }
}

void admin_shell::apply(admin_core::viewed& x) {
  if (auto v = views_.extract(x.id)) {
    v.mapped().deliver(std::move(x.view));
  }
}

// -- what users ask -----------------------------------------------------------------

template <class Answer>
caf::result<Answer> admin_shell::ask(promises<Answer>& waiting, admin_core::wish w) {
  auto promise = at_.self->make_response_promise<Answer>();
  const auto id = next_number();
  waiting.emplace(id, promise);
  tell(&admin_core::ask, id, std::move(w));
  return promise;
}

caf::result<void> admin_shell::wish(admin_core::wish w) {
  if (at_.life->is_stopping()) {
    return to_caf(at_.stopping_error());
  }
  return ask(wishes_, std::move(w));
}

caf::result<void> admin_shell::switch_one(const switch_job& m) {
  if (auto ok = check_id(id_kind::job, m.job); !ok) {
    return to_caf(ok.error());
  }
  return wish(admin_core::set_job_enabled{m.job, m.enabled, jobs_.has(m.job)});
}

caf::result<void> admin_shell::forget_job(const delete_job& m) {
  if (auto ok = check_id(id_kind::job, m.job); !ok) {
    return to_caf(ok.error());
  }
  if (jobs_.has(m.job)) {
    return to_caf({errc::invalid_state, "job \"" + m.job + "\" cannot be deleted: node \"" + at_.id() +
                                          "\" offers it; unregister it there first"});
  }
  return wish(admin_core::remove_job{m.job});
}

caf::result<void> admin_shell::mark(const mark_worker& m) {
  if (auto ok = check_id(id_kind::node, m.worker); !ok) {
    return to_caf(ok.error());
  }
  return wish(admin_core::set_marks{m.worker, m.draining, m.cordoned});
}

caf::result<cluster_view> admin_shell::see_cluster() {
  if (at_.life->is_stopping()) {
    return to_caf(at_.stopping_error());
  }
  return ask(views_, admin_core::see_cluster{});
}

// -- what stands in the records of jobs ---------------------------------------------

expected<void> admin_shell::check_order(const job_id& job) const {
  return at_.life->is_stopping() ? tl::make_unexpected(at_.stopping_error()) : check_id(id_kind::job, job);
}

caf::result<std::int64_t> admin_shell::order(const job_id& job, store::job_order what,
                                             std::optional<std::int64_t> expected_rev) {
  if (auto ok = check_order(job); !ok) {
    return to_caf(ok.error());
  }
  return ask(orders_, admin_core::change_record{job, std::move(what), expected_rev, jobs_.has(job)});
}

/// Where the job is registered here its code says first whether it can work with that.
caf::result<std::int64_t> admin_shell::configure(configure_job& m) {
  const auto* j = jobs_.at_work(m.job);
  if (j == nullptr || !check_order(m.job)) {
    return order(m.job, store::order::configure{std::move(m.config)}, m.expected_rev);
  }
  auto all = j->spec.config.merged(m.config);
  if (!all) {
    return to_caf({all.error().code, "configuration of job \"" + m.job + "\": " + all.error().text});
  }
  auto answer = ask(orders_, admin_core::change_record{m.job, store::order::configure{std::move(m.config)},
                                                       m.expected_rev, true, true});
  if (orders_.count(last_) > 0) { // else too many wait
    ask_code(last_, *j, *std::move(all));
  }
  return answer;
}

/// On a thread of its own. One owner for each order: of several that wait for one owner only the last is called.
void admin_shell::ask_code(std::uint64_t wish, const job_entry& j, user_config config) {
  at_.env().exec().call_user("order " + std::to_string(wish) + " " + j.spec.id,
                             [weak = at_.weak_self(), wish, code = j.code, config = std::move(config)]() mutable {
                               config_judged answer{wish, false, {}};
                               const auto refused = [&] {
                                 auto ok = code->check_config(config);
                                 answer.failure = ok ? std::string{} : ok.error().text;
                               };
                               answer.ok = !throws(refused, answer.failure) && answer.failure.empty();
                               code = nullptr;
                               post_to<node_impl>(weak, std::move(answer));
                             });
}

void admin_shell::judged(const config_judged& m) {
  expected<void> verdict;
  if (!m.ok) {
    verdict = fail(errc::invalid_config, m.failure);
  }
  tell(&admin_core::on_judged, m.wish, verdict);
}

caf::result<std::int64_t> admin_shell::trigger(trigger_job& m) {
  if (m.request.empty()) {
    m.request = make_incarnation(at_.env()); // as good a name as any
  }
  if (auto ok = check_id(id_kind::item, m.request); !ok) {
    return to_caf({errc::invalid_id, "trigger_job::request: " + ok.error().text});
  }
  return order(m.job, store::order::trigger{m.request});
}

// -- saved states -------------------------------------------------------------------

caf::result<item_state> admin_shell::ask_about(const item_ref& item, admin_core::wish w) {
  if (auto ok = check_order(item.job); !ok) {
    return to_caf(ok.error());
  }
  if (auto ok = check_id(id_kind::item, item.item); !ok) {
    return to_caf(ok.error());
  }
  return ask(item_states_, std::move(w));
}

caf::result<item_state> admin_shell::see_state(const get_item_state& m) {
  const item_ref item{m.job, m.item};
  return ask_about(item, admin_core::see_state{item, jobs_.has(m.job)});
}

caf::result<item_state> admin_shell::set_state(set_item_state& m) {
  const item_ref item{m.job, m.item};
  if (m.state) {
    if (auto ok = store::check_state_size(item, m.state->data.size()); !ok) {
      return to_caf(ok.error());
    }
  }
  return ask_about(item, admin_core::set_state{{item, std::move(m.state), m.expected_version, {}}, jobs_.has(m.job)});
}

} // namespace djm
