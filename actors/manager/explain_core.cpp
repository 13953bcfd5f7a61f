#include "actors/manager/explain_core.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace djm {

explain_core::effects explain_core::on_question(std::uint64_t question, job_id job, item_id item,
                                                const manager_core& leader) {
  effects out;
  waiting_question q{question, std::move(job), std::move(item)};
  if (leader.leading() && leader.last_problem() && leader.last_plan()) {
    if (owner_is_gone(q, leader, out)) {
      return out;
    }
    find(q, leader.image(), leader.kept_back(), leader.last_problem(), leader.last_plan(), leader.planning(),
         leader.answers(), true, out);
    return out;
  }
  if (questions_.size() >= most_waiting) {
    out.push_back(answer{question, fail(errc::backlog_full, "too many questions wait for the tree to be read")});
    return out;
  }
  questions_.push_back(std::move(q));
  if (questions_.size() == 1) {
    reader_.emplace(tree_);
    read_next(out);
  }
  return out;
}

/// The last plan may be older than the news that a worker has left.
bool explain_core::owner_is_gone(const waiting_question& q, const manager_core& leader, effects& out) const {
  const auto& problem = *leader.last_problem();
  const auto item = problem.find_item(q.job, q.item);
  const auto owner = item ? leader.last_plan()->owner[*item] : no_worker;
  if (owner == no_worker || !leader.image_is_whole()) {
    return false;
  }
  item_explanation e;
  e.job = q.job;
  e.item = q.item;
  e.by_leader = true;
  const auto& name = problem.worker(owner).name;
  const auto w = leader.image().workers.find(name);
  if (w != leader.image().workers.end() && w->second.is_alive()) {
    return false;
  }
  if (w == leader.image().workers.end() || w->second.has_left()) {
    e.reason = "its worker \"" + name + "\" has left: the next plan decides";
  } else {
    e.owner = name;
    e.reason = "its worker is gone, and keeps what it has as long as its tolerance lasts";
  }
  out.push_back(answer{q.question, std::move(e)});
  return true;
}

void explain_core::read_next(effects& out) {
  asks_ = reader_->next();
  asked_for_ = 0;
  so_far_ = {};
  read_part(out);
}

void explain_core::read_part(effects& out) {
  const auto from = asks_.begin() + static_cast<std::ptrdiff_t>(asked_for_);
  const auto n = std::min(asks_.size() - asked_for_, read_batch);
  asked_for_ += n;
  request_ = ++next_request_;
  out.push_back(read_effect{request_, {from, from + static_cast<std::ptrdiff_t>(n)}, false});
}

explain_core::effects explain_core::on_explained(std::uint64_t question, const expected<item_explanation>& result) {
  effects out;
  if (!result || result->owner.empty() || !result->reason.empty()) {
    out.push_back(answer{question, result});
    return out;
  }
  const auto request = ++next_request_;
  locks_.emplace(request, owned_item{question, *result});
  out.push_back(read_effect{
    request, {store::get(tree_.lock(result->job, result->item)), store::get(tree_.alive(result->owner))}, false});
  return out;
}

/// Why the owner of an item does not run it, when that is because of the lock.
void explain_core::take_lock(owned_item x, const store::read_outcome& r, effects& out) const {
  auto& e = x.explained;
  const auto path = tree_.lock(e.job, e.item);
  if (r.status == store::read_status::ok && r.results[0].code == store::rc::no_node) {
    e.reason = "its worker has not locked it yet";
  } else if (r.status == store::read_status::ok && r.results[0].code != store::rc::ok) {
    e.reason = "its lock " + path + " cannot be read: " + to_string(r.results[0].code);
  } else if (r.status == store::read_status::ok) {
    const auto lock = store::decode<store::lock_payload>(r.results[0].data, path);
    const auto alive = store::decode<store::alive_payload>(r.results[1].data, tree_.alive(e.owner));
    if (!lock) {
      e.reason = "nobody can tell whose its lock is, so it is not broken either: " + lock.error().text;
    } else if (lock->worker != e.owner) {
      e.reason = "its lock is still held by worker \"" + lock->worker + "\": \"" + e.owner +
                 "\" waits until it is given back, or broken";
    } else if (alive && alive->incarnation != lock->incarnation) {
      e.reason = "its lock is still that of a former life of its worker, and has to be broken first";
    }
  }
  out.push_back(answer{x.question, std::move(e)});
}

explain_core::effects explain_core::on_read(std::uint64_t request, const store::read_outcome& r) {
  effects out;
  if (auto l = locks_.find(request); l != locks_.end()) {
    auto x = std::move(l->second);
    locks_.erase(l);
    take_lock(std::move(x), r, out);
    return out;
  }
  if (!reader_ || request != request_) {
    return out;
  }
  if (r.status != store::read_status::ok) {
    refuse_first({errc::not_connected, "the store did not answer: " + r.text}, out);
    return out;
  }
  so_far_.results.insert(so_far_.results.end(), r.results.begin(), r.results.end());
  if (asked_for_ < asks_.size()) {
    read_part(out);
    return out;
  }
  if (auto ok = reader_->take(so_far_); !ok) {
    refuse_first(ok.error(), out);
    return out;
  }
  if (!reader_->next().empty()) {
    read_next(out);
    return out;
  }
  // Who asked meanwhile is read for anew: what was read may be older than the question.
  const auto q = std::move(questions_.front());
  questions_.pop_front();
  const auto away = reader_->away();
  auto asked = make_task(reader_->image(), away);
  if (!asked) {
    out.push_back(answer{q.question, tl::make_unexpected(asked.error())});
  } else {
    find(q, reader_->image(), away, asked->problem, nullptr, options_, std::make_shared<const strategy_answers>(),
         false, out);
  }
  reader_.reset();
  if (!questions_.empty()) {
    reader_.emplace(tree_);
    read_next(out);
  }
  return out;
}

explain_core::effects explain_core::on_disconnected() {
  effects out;
  reader_.reset();
  for (auto& [request, x] : std::exchange(locks_, {})) {
    out.push_back(answer{x.question, std::move(x.explained)});
  }
  for (const auto& q : questions_) {
    out.push_back(answer{q.question, fail(errc::not_connected, "the connection to the store was lost")});
  }
  questions_.clear();
  return out;
}

void explain_core::refuse_first(error why, effects& out) {
  out.push_back(answer{questions_.front().question, tl::make_unexpected(std::move(why))});
  questions_.pop_front();
  reader_.reset();
  if (!questions_.empty()) {
    reader_.emplace(tree_);
    read_next(out);
  }
}

void explain_core::find(const waiting_question& q, const cluster_image& image, const std::set<node_id>& away,
                        std::shared_ptr<const assignment_problem> problem, std::shared_ptr<const plan> planned,
                        const plan_options& options, std::shared_ptr<const strategy_answers> answers, bool by_leader,
                        effects& out) {
  if (auto item = problem->find_item(q.job, q.item)) {
    out.push_back(
      task{q.question, std::move(problem), std::move(planned), options, std::move(answers), *item, by_leader});
    return;
  }
  // Not part of the question to the planner: somebody who is away keeps it, or its job does not run.
  auto j = image.jobs.find(q.job);
  const auto k = j != image.jobs.end() && j->second.items ? j->second.items->find(q.item) : std::nullopt;
  if (!k) {
    out.push_back(
      answer{q.question, fail(errc::unknown_job, "there is no item \"" + q.item + "\" of a job \"" + q.job + "\"")});
    return;
  }
  item_explanation e;
  e.job = q.job;
  e.item = q.item;
  e.by_leader = by_leader;
  const auto owner = j->second.owners[*k];
  if (owner != no_worker) {
    e.owner = image.name_of(owner);
  }
  if (image.all_disabled || !j->second.pool.enabled) {
    e.reason = image.all_disabled ? "all jobs are disabled" : "the job is disabled";
  } else if (owner != no_worker && away.count(e.owner) > 0) {
    e.reason = "its worker is gone, and keeps what it has as long as its tolerance lasts";
  } else {
    e.reason = "it is new: the next plan decides";
  }
  out.push_back(answer{q.question, std::move(e)});
}

expected<item_explanation> explain_now(const explain_core::task& x, const strategy_registry& registry) {
  const auto sound = with_stand_ins(registry, *x.answers, nullptr);
  auto planned = x.planned;
  if (!planned) {
    auto made = make_plan(*x.problem, sound, x.options);
    if (!made) {
      return tl::make_unexpected(made.error());
    }
    planned = std::make_shared<const plan>(std::move(*made));
  }
  if (planned->owner.size() != x.problem->item_count()) {
    // Whoever asks hands both over as a pair. Should that break, an answer that says so beats one read past the end.
    return fail(errc::internal, "the plan at hand places " + std::to_string(planned->owner.size()) +
                                  " items, the problem has " + std::to_string(x.problem->item_count()));
  }
  const auto found = explain(*x.problem, sound, x.options, *planned, x.item);
  item_explanation e;
  e.job = x.problem->job(x.problem->job_of(x.item)).name;
  e.item = item_id{x.problem->item_name(x.item)};
  e.exact = found.exact;
  e.by_leader = x.by_leader;
  if (found.chosen != no_worker) {
    e.owner = x.problem->worker(found.chosen).name;
  } else {
    e.reason = describe(found.reason);
  }
  for (const auto& o : found.others) {
    e.others[x.problem->worker(o.worker).name] = to_string(o.rule);
  }
  return e;
}

} // namespace djm
