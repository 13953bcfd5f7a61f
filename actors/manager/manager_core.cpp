#include "actors/manager/manager_core.hpp"

#include <cassert>
#include <utility>

namespace djm {

manager_core::manager_core(manager_core&& other) : life_(std::move(other.life_)), now_(other.now_) {
  assert(!other.term_ && "a term stays where it is");
}

manager_core& manager_core::operator=(manager_core&& other) {
  assert(!term_ && !other.term_ && "a term stays where it is");
  life_ = std::move(other.life_);
  now_ = other.now_;
  return *this;
}

// -- leadership -----------------------------------------------------------------

manager_core::effects manager_core::on_granted(std::int64_t epoch, std::string latch, std::uint64_t session, step s) {
  effects out;
  end_term(out);
  term_.emplace(life_, leadership{epoch, std::move(latch), session}, s.now);
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_revoked(step s) {
  effects out;
  now_ = s.now;
  end_term(out);
  return out;
}

void manager_core::end_term(effects& out) {
  if (term_) {
    life_.problems = term_->store.end(now_, term_->breaker.apart(now_), out);
    term_.reset();
  }
}

// -- the order of activities -------------------------------------------------------

void manager_core::next(step s, effects& out) {
  now_ = s.now;
  if (!term_) {
    return;
  }
  auto& t = *term_;
  t.planner.strategies().give_up(s, out);
  while (!t.busy() && (!t.store.retry_at() || t.store.on_wake(s)) && begin(t, s, out)) {
  }
}

/// Begins the activity whose turn it is, if there is any. True: it is over already.
bool manager_core::begin(term& t, step s, effects& out) {
  if (t.dirty.any()) {
    t.refresher.start(out);
    return false;
  }
  if (auto whom = t.observer.unobserved(s.now); !whom.empty()) {
    t.observer.start(whom, out);
    return false;
  }
  if (t.ruler.start(s, out)) {
    return false;
  }
  if (t.refusals.look_at_time(s.now)) {
    t.moment.at(s.now); // who refused it may have it again
  }
  t.planner.look_at_time(s.now);
  t.planner.look_at_waits(s.now, out);
  if (t.moment.due(s.now)) {
    t.planner.start(s, out);
    if (t.busy()) {
      return false;
    }
  }
  if (t.model.start(s, out)) {
    return false;
  }
  if (t.watchdog.due(s.now, 1)) {
    t.breaker.start(s, out);
    return false;
  }
  if (t.store.problems().tries() && t.scan.swept_from() && !t.watchdog.suspects()) {
    t.breaker.nothing_left(out);
  }
  if (!t.scan.under_way() && s.now >= t.scan.next()) {
    t.scan.start(s, out);
    return false;
  }
  if (t.scan.under_way()) {
    return !t.scan.go_on(out);
  }
  if (t.refusals.clean(s, out)) {
    return false;
  }
  if (s.now >= t.list.next() && t.scan.swept_from()) {
    t.cleaner.survey(s, out);
  }
  if (!t.list.empty()) {
    t.cleaner.start(s.now, out);
    return false;
  }
  t.slot_records.start(s, out);
  return false;
}

// -- events ---------------------------------------------------------------------

manager_core::effects manager_core::on_wake(step s) {
  effects out;
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  if (term_) {
    term_->dirty.heard(e.path, life_.tree);
    term_->ruler.heard(e.path);
    next(s, out);
  }
  return out;
}

manager_core::effects manager_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  now_ = s.now;
  if (term_ && term_->store.on_read(request, r, s, out)) {
    answered(s, out);
  }
  return out;
}

manager_core::effects manager_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  now_ = s.now;
  if (term_ && term_->store.on_commit(request, outcome, s, out)) {
    answered(s, out);
  }
  return out;
}

/// An activity has had its answer.
void manager_core::answered(step s, effects& out) {
  if (const auto why = term_->store.take_setback()) {
    ++life_.counters.reloads;
    term_->start_over(*why, s, out);
  }
  next(s, out);
}

manager_core::effects manager_core::on_planned(std::uint64_t request, const expected<plan_so_far>& result, step s) {
  effects out;
  now_ = s.now;
  if (!term_ || !term_->planner.asks(request)) {
    return out;
  }
  if (term_->planner.on_planned(result, s, out)) {
    term_->model.planned(s, out);
  }
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_strategy(std::uint64_t request, const expected<plan>& result, step s) {
  effects out;
  now_ = s.now;
  if (term_) {
    term_->planner.strategies().on_answer(request, result, s, out);
    next(s, out);
  }
  return out;
}

} // namespace djm
