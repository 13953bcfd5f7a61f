#include <map>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"
#include "actors/job_runner/rhythm.hpp"

/// Which items the node holds, and how they are cut into lanes.
namespace djm {

job_runner_core::effects job_runner_core::on_items(const std::vector<work_item>& items, bool more_to_come, step s) {
  s = memory_.by_store(s);
  effects out;
  if (items.empty()) {
    return out;
  }
  const bool visible = items.size() > 1 || items.front().id != preparation_item;
  if (visible) {
    rhythm_.items_came(lanes_, more_to_come, s);
  }
  std::vector<item_no> taken;
  for (const auto& w : items) {
    take_in(w, s, taken);
  }
  out.push_back(emit_effect{items_granted{cfg_.spec.id, items}});
  if (!visible) {
    start_due(s, out);
    return out;
  }
  if (cfg_.spec.on_new_items == new_items_policy::restart) {
    runs_.restart(s, out);
    lanes_.ask_again();
  }
  recut(taken, s, out);
  if (!cut_.open()) {
    triggered_ahead_ = false;
  }
  ask_for_fresh();
  if (memory_.on()) {
    for (const auto no : taken) {
      ask_memory(no, s, out);
    }
  }
  start_due(s, out);
  return out;
}

void job_runner_core::take_in(const work_item& w, step s, std::vector<item_no>& taken) {
  std::vector<item_no> moved;
  const auto no = items_.find_or_add(w.id, moved);
  for (const auto other : moved) {
    if (const auto lane = items_[other].lane; lane != no_lane && lanes_[lane].own != no_item) {
      lanes_.edit(lane).rank = items_[other].rank;
    }
  }
  if (items_[no].run != 0 && !items_[no].granted && !memory_.pending(items_[no].run)) {
    runs_.regained(no);
  }
  lanes_.change(no, [&](held_item& it) {
    it.granted = true;
    it.declined = false;
    it.fresh = true;
    it.since = s.now;
    it.since_wall = wall_of(s);
    it.token = w.token;                                // a run of an earlier turn keeps the token it was started with
    it.parked = it.parked || w.id == preparation_item; // that one is in no lane, and of no share
  });
  if (w.id == preparation_item) {
    return;
  }
  waiting_.enter(no, s);
  taken.push_back(no);
}

job_runner_core::effects job_runner_core::on_revoked(const std::vector<item_id>& items, stop_reason reason, step s) {
  s = memory_.by_store(s);
  effects out;
  std::vector<item_id> free;
  std::vector<item_id> idle;
  std::vector<item_id> lost;
  std::vector<item_id> fed;
  std::vector<item_no> asked;
  std::map<run_id, std::vector<item_id>> busy;
  for (const auto& id : items) {
    const auto no = items_.find(id);
    if (no == no_item) {
      free.push_back(id);
      continue;
    }
    const auto run = items_[no].run;
    if (id == preparation_item) {
      preparation_.lost(out);
    }
    if (items_[no].granted) {
      lost.push_back(id);
      if (run != 0 && !memory_.pending(run)) {
        runs_.lost(no);
      }
      if (const auto lane = items_[no].lane; memory_.on() && lane != no_lane && lanes_[lane].last_slot) {
        memory_.reached(no, slot_id(*lanes_[lane].last_slot));
      }
    }
    items_[no].granted = false;
    lanes_.leave(no);
    if (items_[no].questions > 0) {
      asked.push_back(no);
    }
    if (memory_.pending(run)) {
      continue; // given back when the store has said what became of its claim
    }
    if (run != 0) {
      busy[run].push_back(id);
      continue;
    }
    turns_.forget(no, out);
    if (items_.in_use(no)) {
      wait_for_nothing(no, fed);
    } else {
      idle.push_back(id);
      forget(no, fed);
      free.push_back(id);
    }
  }
  if (!lost.empty()) {
    out.push_back(emit_effect{items_revoked{cfg_.spec.id, std::move(lost), reason}});
  }
  for (auto& [run, revoked] : busy) {
    runs_.revoke_from(run, reason, std::move(revoked), s, out);
  }
  for (const auto no : asked) {
    questions_.revoked(no, reason, s, out);
  }
  waiting_.tell_fed(std::move(fed), out);
  if (!idle.empty()) {
    out.push_back(emit_effect{items_released{cfg_.spec.id, std::move(idle)}});
  }
  if (!free.empty()) {
    out.push_back(released{std::move(free)});
  }
  recut({}, s, out);
  start_due(s, out);
  return out;
}

/// It stays for the questions about it alone. When it is granted again before they are answered, that is a new
/// beginning.
void job_runner_core::wait_for_nothing(item_no no, std::vector<item_id>& fed) {
  waiting_.leave(no, fed);
  items_[no].parked = false;
  items_[no].failed_turns = 0;
}

void job_runner_core::forget(item_no no, std::vector<item_id>& fed) {
  waiting_.leave(no, fed);
  failures_.forget(no);
  memory_.forget(no);
  items_.drop(no);
}

// -- lanes --------------------------------------------------------------------

/// The share has changed: `taken` have come, and what was revoked has left its lanes already.
void job_runner_core::recut(const std::vector<item_no>& taken, step s, effects& out) {
  if (cfg_.spec.mode == running_mode::custom) {
    ask_for_cut(s, out);
    return;
  }
  for (const auto no : taken) {
    if (items_[no].lane != no_lane || items_[no].parked) {
      continue;
    }
    if (cfg_.spec.mode == running_mode::thread_per_item) {
      lanes_.join(no, lanes_.open(first_course(no, s), items_[no].rank, no));
    } else {
      // One lane for the whole share: where it is there, it has the first number.
      lanes_.join(no, lanes_.has(0) ? 0 : lanes_.open(first_course(no_item, s), 0));
    }
  }
}

lane_course job_runner_core::first_course(item_no own, step s) const {
  lane_course c;
  c.since = s.now;
  c.held_back = memory_.on();
  rhythm_.set_first_due(c, own, s);
  c.triggered = triggered_ahead_;
  return c;
}

/// New items that came beside a run get one of their own.
void job_runner_core::ask_for_fresh() {
  if (cfg_.spec.on_new_items == new_items_policy::own_run) {
    lanes_.settle();
    lanes_.ask_again();
  }
}

} // namespace djm
