#include "test/unit/cores/slots_game.hpp"

#include <utility>

#include "djm/calendar.hpp"
#include "djm/timetable.hpp"
#include "test/unit/cores/slots_game_places.hpp"

namespace djm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

slots_game::slots_game(unsigned seed, slots rule, catch_up rest)
  : chance_(seed), rule_(rule), rest_(rest), nodes_{node{"w", tree_}, node{"v", tree_}} {
  tree_.wall_ms = wall();
  prepare(tree_);
  tree_.put("/djm/jobs/j", "{}");
  for (auto& n : nodes_) {
    begin_life(n);
  }
  for (const auto* item : {"a", "b"}) {
    owners_[item_id{item}] = 2; // nobody
  }
}

std::int64_t slots_game::wall() const {
  return game_begins_ms + std::chrono::duration_cast<milliseconds>(now_ - at(1000)).count();
}

job_spec slots_game::spec() const {
  auto s = runner::job(schedule::by(aligned(seconds{10})).value());
  s.id = "j";
  s.mode = running_mode::thread_per_item;
  s.slots.remember = rule_;
  s.slots.catch_up = rest_;
  s.slots.least_claim_gap = seconds{10};
  s.failures.retry = retry{}.attempts(2).first(seconds{1});
  return s;
}

std::string slots_game::play(int steps) {
  for (int n = 0; n < steps && wrong_.empty(); ++n) {
    step_once();
    look();
  }
  if (wrong_.empty()) {
    rest();
  }
  if (wrong_.empty()) {
    judge_end();
  }
  return wrong_;
}

void slots_game::step_once() {
  auto& n = nodes_[draw(2)];
  switch (draw(60)) {
  case 0:
  case 1:
  case 2: return move(draw(2) == 0 ? "a" : "b", draw(2));
  case 3: return end_session(n);
  case 4: return suspend(n);
  case 5: return draw(3) == 0 ? crash(n) : void();
  case 6: return draw(2) == 0 ? rebuild_runner(n) : set_clock(n, draw_error());
  case 7:
  case 8:
  case 9:
  case 10:
  case 11: return pass(milliseconds{draw(2500)});
  case 12:
  case 13:
  case 14:
  case 15: return end_run(n, draw(3) > 0);
  default: return answer(n);
  }
}

// -- lives ------------------------------------------------------------------------------

void slots_game::begin_life(node& n) {
  ++n.life;
  worker_core::settings s;
  s.node = n.id;
  s.incarnation = n.id + n.name();
  s.detach_tolerance = seconds{10};
  s.stop_grace = seconds{1};
  n.worker = std::make_unique<driver<worker_core>>(s, tree_);
  n.worker->now = now_;
  n.worker->wall_ms = wall() + n.wall_error_ms;
  n.worker->take(n.worker->core.on_job_added("j", now_step(n)));
  n.runs.clear();
  n.joined = false;
  n.lease.reset();
  make_runner(n);
}

void slots_game::make_runner(node& n) {
  job_runner_core::settings s;
  s.spec = spec();
  s.node = n.id;
  s.table = timetable::make(aligned(seconds{10}), time_zones_in()).value();
  s.stop_grace = seconds{1};
  s.run_base = ++n.runners;
  n.runner = std::make_unique<job_runner_core>(s);
  std::vector<run_id> ids;
  std::vector<std::vector<work_item>> items;
  std::vector<run_purpose> purposes;
  for (const auto& [id, r] : n.runs) {
    ids.push_back(id);
    items.push_back(r.items);
    purposes.push_back(r.purpose);
  }
  take(n, n.runner->on_adopted(ids, items, now_step(n), purposes));
  followed_job f;
  f.job = "j";
  f.rev = 1;
  f.spec = spec();
  f.slots_since_ms = game_begins_ms;
  take(n, n.runner->on_follow(f, now_step(n), s.table));
  if (n.lease) {
    take(n, n.runner->on_lease(n.lease->run_until, n.lease->deadline, now_step(n)));
  }
}

/// By how much a wall clock is wrong: often not at all.
std::int64_t slots_game::draw_error() {
  constexpr std::int64_t day_ms = 24 * 3'600'000;
  const auto by = draw(2) == 0 ? std::int64_t{draw(60'000)} : std::int64_t{draw(4)} * day_ms;
  return draw(2) == 0 ? 0 : draw(2) == 0 ? by : -by;
}

void slots_game::set_clock(node& n, std::int64_t error_ms) {
  n.wall_error_ms = error_ms;
  show_clocks();
  take(n, n.runner->on_wake(now_step(n)));
}

void slots_game::show_clocks() {
  tree_.wall_ms = wall();
  for (auto& n : nodes_) {
    n.worker->wall_ms = wall() + n.wall_error_ms;
  }
}

void slots_game::rebuild_runner(node& n) {
  rough_ = true;
  make_runner(n);
  n.worker->take(n.worker->core.on_runner_rebuilt("j", now_step(n)));
}

/// The process is gone at once, and its locks after D.
void slots_game::crash(node& n) {
  rough_ = true;
  lose_questions(n, false);
  if (n.worker->view.id != 0 && tree_.is_open(n.worker->view.id)) {
    tree_.end(n.worker->view.id);
  }
  break_locks(n.id);
  begin_life(n);
  for (const auto& [item, owner] : owners_) { // the leader gives the new life what the old one had
    if (owner < 2 && &nodes_[owner] == &n) {
      assign(tree_, n.id, n.id + n.name(), "j", {item});
    }
  }
}

void slots_game::break_locks(const node_id& id) {
  for (const auto* item : {"a", "b"}) {
    const auto path = lock_path(item_id{item});
    if (tree_.has(path) && store::decode<store::lock_payload>(tree_.data(path), path)->worker == id) {
      tree_.erase(path);
    }
  }
}

void slots_game::come(node& n) {
  auto& d = *n.worker;
  d.now = now_;
  if (!d.connected()) {
    d.view.phase = store::session_phase::connected;
    if (d.view.id == 0 || !tree_.is_open(d.view.id)) {
      ++d.view.number;
      d.view.id = tree_.open();
      d.view.connects = 1;
    } else {
      ++d.view.connects;
    }
    d.take(d.core.on_session(d.view, now_step(n)));
  }
  if (!n.joined) {
    enlist(tree_, d.view.id, n.id, n.id + n.name(), {"j"});
    n.joined = true;
    d.take(d.core.on_joined(d.view.number, tree_.data("/djm/alive/" + n.id), now_step(n)));
  }
}

void slots_game::suspend(node& n) {
  auto& d = *n.worker;
  if (!d.connected()) {
    return come(n);
  }
  rough_ = true;
  lose_questions(n, true);
  d.view.phase = store::session_phase::suspended;
  d.take(d.core.on_session(d.view, now_step(n)));
}

/// What is under way arrives or does not; nobody hears which.
void slots_game::lose_questions(node& n, bool lives) {
  auto& d = *n.worker;
  for (auto& q : std::exchange(d.commits, {})) {
    if (d.view.id != 0 && tree_.is_open(d.view.id) && draw(2) == 0) {
      tree_.commit(d.view.id, q.txn);
      look();
    }
    if (lives) {
      d.take(d.core.on_commit(q.request, store::unknown{}, now_step(n)));
    }
  }
  for (auto& q : std::exchange(d.reads, {})) {
    if (lives) {
      d.take(d.core.on_read(q.request, {store::read_status::failed, {}, "lost"}, now_step(n)));
    }
  }
}

void slots_game::end_session(node& n) {
  auto& d = *n.worker;
  if (d.view.id == 0 || !tree_.is_open(d.view.id)) {
    return;
  }
  rough_ = true;
  lose_questions(n, false);
  tree_.end(d.view.id);
  n.joined = false;
  d.view.phase = store::session_phase::expired;
  d.take(d.core.on_session(d.view, now_step(n)));
  if (draw(3) == 0) {
    stay_away(n);
  }
}

/// For longer than D: its runs end with their lease, and its locks are broken.
void slots_game::stay_away(node& n) {
  now_ += seconds{25};
  show_clocks();
  for (auto& other : nodes_) {
    other.worker->now = now_;
    make_contact(other);
  }
  look();
  take(n, n.runner->on_wake(now_step(n)));
  while (!n.runs.empty()) {
    end_run(n, n.runs.begin()->first, {});
  }
  break_locks(n.id);
}

void slots_game::make_contact(node& n) {
  if (n.worker->connected() && n.joined) {
    n.worker->take(n.worker->core.on_contact(n.worker->view.number, now_, now_step(n)));
  }
}

void slots_game::move(const item_id& item, unsigned to) {
  auto& owner = owners_[item];
  if (owner == to) {
    return;
  }
  if (owner < 2) {
    unassign(tree_, nodes_[owner].id, nodes_[owner].id + nodes_[owner].name(), "j", {item});
  }
  owner = to;
  assign(tree_, nodes_[to].id, nodes_[to].id + nodes_[to].name(), "j", {item});
}

void slots_game::pass(milliseconds d) {
  now_ += d;
  show_clocks();
  for (auto& n : nodes_) {
    n.worker->now = now_;
    make_contact(n);
    n.worker->take(n.worker->core.on_wake(now_step(n)));
    take(n, n.runner->on_wake(now_step(n)));
  }
}

void slots_game::answer(node& n) {
  auto& d = *n.worker;
  if (!d.connected() || !n.joined) {
    return come(n);
  }
  if (tree_.has_events(d.view.id)) {
    for (const auto& e : tree_.take_events(d.view.id)) {
      d.take(d.core.on_watch(e, now_step(n)));
    }
  } else if (!d.commits.empty()) { // in the order of the session
    if (draw(12) == 0) {
      rough_ = true;
      d.fates = {draw(2) == 0 ? fate::unknown_applied : fate::unknown_lost};
    }
    d.answer_commit();
  } else if (!d.reads.empty()) {
    const auto q = std::move(d.reads.front());
    d.reads.pop_front();
    d.take(d.core.on_read(q.request, tree_.read(d.view.id, q.reads), now_step(n)));
  }
}

void slots_game::end_run(node& n, bool well) {
  if (n.runs.empty()) {
    return;
  }
  const auto r = std::next(n.runs.begin(), draw(static_cast<unsigned>(n.runs.size())));
  job_runner_core::run_end how;
  if (!well && draw(3) == 0) {
    how.again_in = seconds{1};
    how.failed = true;
  } else if (!well) {
    how.failed = true;
    how.failure = "no luck";
  }
  end_run(n, r->first, how);
}

void slots_game::end_run(node& n, run_id id, job_runner_core::run_end how) {
  rough_ = rough_ || n.runs.at(id).stop || how.again_in; // it has not finished
  n.runs.erase(id);
  take(n, n.runner->on_run_done(id, how, now_step(n)));
}

} // namespace djm::test
