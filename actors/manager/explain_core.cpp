#include "actors/manager/explain_core.hpp"

#include <string>
#include <utility>

#include "zkstore/tree/job_records.hpp"

namespace djm {

namespace {

/// Reads in one question to the store.
constexpr std::size_t most_reads = 2000;

} // namespace

explain_core::explain_core(std::string root, plan_options options, request_numbers numbers)
  : tree_(std::move(root)),
    options_(options),
    store_(open_problems{"manager"}, backoff{duration::zero(), duration::zero()}, std::move(numbers), most_reads) {}

explain_core::effects explain_core::on_question(std::uint64_t question, job_id job, item_id item,
                                                const manager_core& leader) {
  if (!leader.leading() || !leader.last_problem() || !leader.last_plan()) {
    return on_question(question, std::move(job), std::move(item));
  }
  effects out;
  const bool timed_out = leader.is_overdue(job, item);
  const waiting_question q{question, std::move(job), std::move(item), timed_out};
  if (!owner_is_gone(q, leader, out)) {
    find(q, leader.image(), leader.kept_back(), leader.last_problem(), leader.last_plan(), leader.planning(),
         leader.answers(), true, out);
  }
  return out;
}

explain_core::effects explain_core::on_question(std::uint64_t question, job_id job, item_id item) {
  effects out;
  if (questions_.size() >= most_waiting) {
    out.push_back(answer{question, fail(errc::backlog_full, "too many questions wait for the tree to be read")});
    return out;
  }
  questions_.push_back({question, std::move(job), std::move(item), false});
  if (questions_.size() == 1) {
    read_tree(out);
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
    e.why = item_reason::owner_left;
    e.reason = "its worker \"" + name + "\" has left: the next plan decides";
  } else {
    e.owner = name;
    e.why = item_reason::owner_gone;
    e.reason = describe(e.why);
  }
  out.push_back(answer{q.question, std::move(e)});
  return true;
}

void explain_core::read_tree(effects& out) {
  reader_.emplace(tree_);
  read_next(out);
}

void explain_core::read_next(effects& out) {
  store_.read(std::nullopt, reader_->next(), false, out, &explain_core::take_part);
}

explain_core::effects explain_core::on_explained(std::uint64_t question, const expected<item_explanation>& result) {
  effects out;
  if (!result || result->owner.empty() || !result->reason.empty()) {
    out.push_back(answer{question, result});
    return out;
  }
  explained_.emplace(question, *result);
  read_batch ask;
  const lock_slots slots{ask.get(tree_.lock(result->job, result->item)), ask.get(tree_.alive(result->owner)),
                         ask.get(tree_.job(result->job))};
  store_.read(question, ask, false, out, &explain_core::take_lock, question, slots);
  return out;
}

/// Why the owner of an item does not run it, when that is because of the lock.
void explain_core::take_lock(std::uint64_t question, const lock_slots& slots, step, effects& out) {
  auto& e = explained_.at(question);
  const auto path = tree_.lock(e.job, e.item);
  const auto& found = *slots.lock;
  if (found.code == store::rc::no_node) {
    e.why = item_reason::not_locked;
    e.reason = describe(e.why);
  } else if (found.code != store::rc::ok) {
    e.why = item_reason::lock_unreadable;
    e.reason = "its lock " + path + " cannot be read: " + to_string(found.code);
  } else {
    const auto lock = store::decode<store::lock_payload>(found.data, path);
    const auto alive = store::decode<store::alive_payload>(slots.alive->data, tree_.alive(e.owner));
    if (!lock) {
      e.why = item_reason::lock_malformed;
      e.reason = "nobody can tell whose its lock is, so it is not broken either: " + lock.error().text;
    } else if (lock->worker != e.owner) {
      e.why = item_reason::lock_of_other;
      e.reason = "its lock is still held by worker \"" + lock->worker + "\": \"" + e.owner +
                 "\" waits until it is given back, or broken";
    } else if (alive && alive->incarnation != lock->incarnation) {
      e.why = item_reason::lock_of_former_life;
      e.reason = describe(e.why);
    }
  }
  const auto record = store::read_payload<store::job_payload>(*slots.record, tree_.job(e.job)).value;
  if (e.why == item_reason::none && record && !store::is_prepared(*record)) {
    e.why = item_reason::preparing;
    e.reason = describe(e.why);
  }
  give_lock_up(question, out);
}

/// Answers with what is known.
void explain_core::give_lock_up(std::uint64_t question, effects& out) {
  out.push_back(answer{question, std::move(explained_.at(question))});
  explained_.erase(question);
}

explain_core::effects explain_core::on_read(std::uint64_t request, const store::read_outcome& r) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (q->ok()) {
    q->then(*this, {}, out);
  } else if (q->topic) {
    give_lock_up(*q->topic, out);
  } else {
    answer_first(fail(errc::not_connected, "the store did not answer: " + r.text), out);
    next_question(out);
  }
  return out;
}

void explain_core::take_part(step, effects& out) {
  reader_->take();
  if (!reader_->complete()) {
    read_next(out);
    return;
  }
  const auto image = image_of(reader_->snapshot());
  if (!image) {
    answer_first(tl::make_unexpected(image.error()), out);
    next_question(out);
    return;
  }
  // Who asked meanwhile is read for anew: what was read may be older than the question.
  const auto waited_for = away(*image);
  auto asked = make_task(*image, waited_for);
  if (!asked) {
    answer_first(tl::make_unexpected(asked.error()), out);
  } else {
    const auto q = std::move(questions_.front());
    questions_.pop_front();
    find(q, *image, waited_for, asked->problem, nullptr, options_, std::make_shared<const strategy_answers>(), false,
         out);
  }
  next_question(out);
}

explain_core::effects explain_core::on_disconnected() {
  effects out;
  store_.drop();
  reader_.reset();
  for (auto& [question, e] : std::exchange(explained_, {})) {
    out.push_back(answer{question, std::move(e)});
  }
  while (!questions_.empty()) {
    answer_first(fail(errc::not_connected, "the connection to the store was lost"), out);
  }
  return out;
}

void explain_core::answer_first(expected<item_explanation> result, effects& out) {
  out.push_back(answer{questions_.front().question, std::move(result)});
  questions_.pop_front();
}

void explain_core::next_question(effects& out) {
  reader_.reset();
  if (!questions_.empty()) {
    read_tree(out);
  }
}

void explain_core::find(const waiting_question& q, const cluster_image& image, const std::set<node_id>& away,
                        std::shared_ptr<const assignment_problem> problem, std::shared_ptr<const plan> planned,
                        const plan_options& options, std::shared_ptr<const strategy_answers> answers, bool by_leader,
                        effects& out) {
  if (auto item = problem->find_item(q.job, q.item)) {
    out.push_back(task{q.question, std::move(problem), std::move(planned), options, std::move(answers), *item,
                       by_leader, q.timed_out});
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
    e.why = image.all_disabled ? item_reason::all_disabled : item_reason::job_disabled;
  } else if (owner != no_worker && away.count(e.owner) > 0) {
    e.why = item_reason::owner_gone;
  } else {
    e.why = item_reason::not_planned;
  }
  e.reason = describe(e.why);
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
    e.why = item_reason::no_place;
    e.rule = found.reason;
    e.reason = describe(found.reason);
    e.timed_out = x.timed_out;
  }
  for (const auto& o : found.others) {
    e.others[x.problem->worker(o.worker).name] = o.rule;
  }
  return e;
}

} // namespace djm
