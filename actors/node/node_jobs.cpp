#include "actors/node/node_jobs.hpp"

#include <utility>

#include "actors/node/admission.hpp"
#include "actors/node/hanging_error.hpp"
#include "actors/node/node_state.hpp"

namespace djm {

// -- how they come ------------------------------------------------------------------

/// Nothing is refused for it: the node that leads may know the strategy although this one does not.
void node_jobs::warn_of_strategy(const job_spec& spec) {
  const auto& known = *at_.parts.strategies;
  const auto& name = spec.attributes.strategy;
  if (name.empty() || known.find(name) != nullptr) {
    return;
  }
  std::string names;
  for (const auto& x : known.names()) {
    names += (names.empty() ? "" : ", ") + x;
  }
  events_.publish(problem{"node",
                          {errc::unknown_strategy, "job \"" + spec.id + "\" names the strategy \"" + name +
                                                     "\", which this node does not know: while it leads, items of the "
                                                     "job get no worker; known are " +
                                                     names},
                          about_job(planner_strategy, spec.id)});
}

std::optional<error> node_jobs::add(register_job& m, std::int64_t submitted) {
  const auto& id = m.spec.id;
  if (at_.life->is_stopping()) {
    return at_.stopping_error();
  }
  if (auto ok = check_admission(m.spec, at_.identity.config); !ok) {
    return ok.error();
  }
  if (!m.code) {
    return error{errc::invalid_config, "job \"" + id + "\" has no code"};
  }
  if (has(id)) {
    return error{errc::duplicate_job,
                 "job \"" + id + "\" is registered on node \"" + at_.id() + "\" already" +
                   (at_.life->is_leaving(id) ? " and on its way out; unregister_job is answered when it is free" : "")};
  }
  auto table = table_of(m.spec.schedule, at_.env());
  if (!table) {
    return error{table.error().code, "job \"" + id + "\": schedule: " + table.error().text};
  }
  const auto job = id;
  warn_of_strategy(m.spec);
  auto activity = std::make_shared<job_activity>();
  auto code = guard(at_.parts.env, job, std::move(m.code), activity,
                    [weak = at_.weak_self(), job] { post_to<node_impl>(weak, job_gone{job}); });
  all_.emplace(job, job_entry{std::move(m.spec), *std::move(table), std::move(code), std::move(activity), submitted});
  return std::nullopt;
}

std::map<job_id, store::zxid_t> node_jobs::submitted() const {
  std::map<job_id, store::zxid_t> found;
  for (const auto& [id, j] : all_) {
    if (j.submitted != 0) {
      found.emplace(id, j.submitted);
    }
  }
  return found;
}

job_entry* node_jobs::find(const job_id& job) {
  const auto j = all_.find(job);
  return j == all_.end() ? nullptr : &j->second;
}

job_entry* node_jobs::at_work(const job_id& job) {
  auto* j = find(job);
  return j == nullptr || !j->runner ? nullptr : j;
}

const job_entry* node_jobs::at_work(const job_id& job) const {
  const auto j = all_.find(job);
  return j == all_.end() || !j->second.runner ? nullptr : &j->second;
}

// -- what is heard of them ----------------------------------------------------------

void node_jobs::follow(followed_job& what) {
  auto* j = at_work(what.job);
  if (j == nullptr) {
    return; // let go meanwhile
  }
  if (j->record.is_news(what)) {
    events_.publish(job_changed{what.job, what.rev, what.rules, what.deployment, what.paused});
  }
  at_.self->mail(msg::follow{what}).send(j->runner);
  j->record.keep(std::move(what));
}

bool node_jobs::removed(const job_id& job, const std::string& why) {
  auto* j = at_work(job);
  if (j == nullptr) {
    return false;
  }
  if (!std::exchange(j->removal_told, true)) {
    events_.publish(job_removed{job, why});
  }
  return true;
}

void node_jobs::pool_changed(const msg::pool_changed& m) {
  if (auto* j = at_work(m.job); j != nullptr && j->pool.is_news(m.at)) {
    at_.self->mail(msg::pool_changed{m.job, m.at}).send(j->runner);
  }
}

void node_jobs::forget_store() {
  for (auto& [id, j] : all_) {
    j.record.forget();
    j.pool = {};
  }
}

// -- how they end -------------------------------------------------------------------

error node_jobs::hanging(const job_id& job) const {
  return hanging_error(at_.id(), job, *at(job).activity, at_.env().exec().running(job));
}

void node_jobs::free_name(const job_id& job) {
  auto j = all_.extract(job);
  for (auto& p : j.mapped().waiting) {
    cx::deliver(p);
  }
  const bool submitted = j.mapped().submitted != 0;
  j = {};
  events_.job_over(job);
  if (submitted) {
    tell_deployer(at_.self, at_.who, msg::undeployed{job});
  }
}

void node_jobs::give_up(const job_id& job) {
  const auto why = hanging(job);
  for (auto& p : std::exchange(at(job).waiting, {})) {
    p.deliver(to_caf(why));
  }
  events_.publish(problem{"node", why, about_job(job_end, job)});
}

std::optional<error> node_jobs::give_up_all() {
  std::optional<error> left_behind;
  for (auto& [id, j] : all_) {
    left_behind = hanging(id);
    for (auto& p : j.waiting) {
      p.deliver(to_caf(*left_behind));
    }
  }
  return left_behind;
}

} // namespace djm
