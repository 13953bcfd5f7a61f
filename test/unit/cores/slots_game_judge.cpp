#include <utility>

#include "test/unit/cores/slots_game.hpp"
#include "test/unit/cores/slots_game_places.hpp"

/// What they do, and what is wrong with it.
namespace djm::test {

// -- what they do -----------------------------------------------------------------------

void slots_game::take(node& n, const job_runner_core::effects& fx) {
  std::vector<slot_wish> wishes;
  const auto ask = [&] { // as the shell does: before anything is given back
    if (!wishes.empty()) {
      n.worker->take(n.worker->core.on_slot_wishes("j", std::exchange(wishes, {}), now_step(n)));
    }
  };
  for (const auto& e : fx) {
    if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
      started(n, *s);
    } else if (const auto* x = std::get_if<job_runner_core::stop_run>(&e)) {
      n.runs.at(x->id).stop = true;
    } else if (const auto* w = std::get_if<job_runner_core::ask_slot>(&e)) {
      wishes.push_back(w->wish);
    } else if (const auto* r = std::get_if<job_runner_core::released>(&e)) {
      ask();
      n.worker->take(n.worker->core.on_released("j", r->items, now_step(n)));
    } else if (const auto* m = std::get_if<emit_effect>(&e)) {
      told(m->what);
    }
  }
  ask();
}

void slots_game::started(node& n, const job_runner_core::start_run& s) {
  const auto& w = s.items.front();
  n.runs[s.id] = {w.id, s.purpose, s.items, false};
  ++starts_;
  const auto slot = s.purpose.slot.value_or(0);
  const auto name = w.id + " slot " + std::to_string((slot - game_begins_ms) / gap_ms) + " attempt " +
                    std::to_string(s.purpose.attempt);
  if (slot > wall() + clocks_differ_ms) {
    fail_with("S6: " + name + " starts before it comes");
  }
  if (!started_.insert({w.id, slot, s.purpose.attempt}).second && (rule_ != slots::finished || !rough_)) {
    fail_with("S2: " + name + " starts twice");
  }
  covered_[w.id].insert(slot);
  const auto lock = lock_path(w.id);
  if (!tree_.has(lock) || tree_.stat(lock).czxid != w.token) {
    fail_with("S3: " + name + " starts without its lock");
  }
  if (rule_ == slots::finished) {
    return;
  }
  const auto path = slot_path(w.id);
  const auto r =
    tree_.has(path) ? store::decode<store::slot_payload>(tree_.data(path), path).value() : store::slot_payload{};
  if (r.mark != store::slot_mark::claimed || r.token != w.token || r.slot != slot || r.attempt != s.purpose.attempt) {
    fail_with("S3: " + name + " starts in turn " + std::to_string(w.token) + ", and the store says " +
              std::string{enum_text(r.mark)} + " " + std::to_string((r.slot - game_begins_ms) / gap_ms) + "/" +
              std::to_string(r.attempt) + " by turn " + std::to_string(r.token));
  }
}

void slots_game::told(const event& what) {
  if (const auto* k = std::get_if<slots_skipped>(&what)) {
    for (auto slot = k->first; slot <= k->last; slot += gap_ms) {
      covered_[k->item].insert(slot);
    }
  } else if (const auto* i = std::get_if<slot_interrupted>(&what)) {
    ++interruptions_;
    if (started_.count({i->item, i->slot, i->attempt}) == 0 && !rough_) {
      fail_with("a run is told as cut off that never began");
    }
    covered_[i->item].insert(i->slot); // it was to start, and nobody knows whether it has: that is told
  }
}

/// What has come of it.
void slots_game::look() {
  for (const auto* name : {"a", "b"}) {
    const item_id item{name};
    const auto path = slot_path(item);
    if (!tree_.has(path)) {
      continue;
    }
    const auto r = store::decode<store::slot_payload>(tree_.data(path), path).value();
    auto& before = records_[item];
    if (r == before) {
      continue;
    }
    ++writes_;
    if (rule_ == slots::claimed) {
      covered_[item].insert(r.slot); // nobody can know more of what was claimed
    }
    if (r.slot > wall() + clocks_differ_ms) {
      fail_with("S6: a slot of " + item + " is written before it comes");
    }
    if (r.slot < before.slot) {
      fail_with("S1: the slot of " + item + " falls");
    }
    if (r.token < before.token) {
      fail_with("a former turn writes of " + item);
    }
    before = r;
  }
  for (auto& n : nodes_) {
    for (auto& e : std::exchange(n.worker->others, {})) {
      if (const auto* g = std::get_if<item_grant>(&e)) {
        take(n, n.runner->on_granted(g->items, now_step(n)));
      } else if (const auto* v = std::get_if<item_revocation>(&e)) {
        take(n, n.runner->on_revoked(v->items, v->reason, now_step(n)));
      } else if (const auto* l = std::get_if<lease_renewal>(&e)) {
        n.lease = *l;
        take(n, n.runner->on_lease(l->run_until, l->deadline, now_step(n)));
      } else if (const auto* t = std::get_if<slots_told>(&e)) {
        take(n, n.runner->on_slots_told(t->answers, now_step(n), t->time));
      } else if (std::holds_alternative<registration_lost>(e)) {
        n.joined = false;
      }
    }
  }
}

// -- the end ----------------------------------------------------------------------------

/// Nothing goes wrong any more, and each run ends at once.
void slots_game::rest() {
  move("a", 0);
  move("b", 1);
  for (auto& x : nodes_) {
    set_clock(x, 0);
  }
  for (int n = 0; n < 400 && wrong_.empty(); ++n) {
    for (int k = 0; k < 30; ++k) {
      for (auto& x : nodes_) {
        auto& d = *x.worker;
        if (!d.connected() || !x.joined) {
          come(x);
        } else if (tree_.has_events(d.view.id)) {
          for (const auto& e : tree_.take_events(d.view.id)) {
            d.take(d.core.on_watch(e, now_step(x)));
          }
        } else if (!d.commits.empty()) {
          d.answer_commit();
        } else if (!d.reads.empty()) {
          const auto q = std::move(d.reads.front());
          d.reads.pop_front();
          d.take(d.core.on_read(q.request, tree_.read(d.view.id, q.reads), now_step(x)));
        }
        look();
      }
    }
    for (auto& x : nodes_) {
      while (!x.runs.empty() && wrong_.empty()) {
        end_run(x, x.runs.begin()->first, {});
        look();
      }
    }
    pass(std::chrono::milliseconds{500});
    look();
  }
}

void slots_game::judge_end() {
  for (const auto& [item, covered] : covered_) {
    for (auto slot = game_begins_ms / gap_ms * gap_ms + gap_ms; slot < wall() - 2 * gap_ms; slot += gap_ms) {
      if (covered.count(slot) == 0) {
        fail_with("S4: slot " + std::to_string((slot - game_begins_ms) / gap_ms) + " of " + item +
                  " has not started, and nobody was told");
      }
    }
  }
  if (covered_.size() != 2) {
    fail_with("an item has never run");
  }
}

} // namespace djm::test
