#include <algorithm>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"

/// The function of the job that cuts the share is asked, and the lanes are made anew.
namespace djm {

void job_runner_core::ask_for_cut(step s, effects& out) {
  cut_.share_changed();
  std::vector<item_id> share;
  items_.each([&](item_no no) {
    if (items_[no].granted && !items_[no].parked) {
      share.push_back(*items_[no].name);
    }
  });
  if (share.empty()) {
    cut_.forget_question();
    triggered_ahead_ = triggered_ahead_ && !rhythm_.began();
  } else if (cut_.hangs()) {
    cut_.forget_question();
    set_lanes(cut_.in_one_piece(), s);
  } else {
    cut_.ask(std::move(share), last_request_, s, out);
  }
}

job_runner_core::effects job_runner_core::on_cut(std::uint64_t request,
                                                 const expected<std::vector<std::vector<item_id>>>& cut, step s) {
  s = memory_.by_store(s);
  effects out;
  const auto use = cut_.answered(request, s);
  if (use == cut_asker::use::cut) {
    adopt_cut(cut_.parts_of(cut, s, out), s);
    start_due(s, out);
  } else if (use == cut_asker::use::ask_again && !stopping_) {
    recut({}, s, out);
    start_due(s, out);
  }
  return out;
}

void job_runner_core::adopt_cut(const share_parts& parts, step s) {
  set_lanes(parts, s);
  triggered_ahead_ = false;
  for (const auto& part : parts) {
    for (const auto no : part) {
      waiting_.enter(no, s); // perhaps the cut before left it out
    }
  }
  ask_for_fresh();
}

void job_runner_core::set_lanes(const share_parts& parts, step s) {
  std::vector<lane_course> courses;
  courses.reserve(parts.size());
  for (const auto& part : parts) {
    courses.push_back(continued(part, s));
  }
  lanes_.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto lane = lanes_.open(courses[i], i);
    for (const auto no : parts[i]) {
      lanes_.join(no, lane);
    }
  }
}

/// What the lanes that have the items until now hand on; a first course where none has.
lane_course job_runner_core::continued(const std::vector<item_no>& part, step s) const {
  lane_course l;
  bool inherits = false;
  for (const auto no : part) {
    if (items_[no].lane == no_lane) {
      continue;
    }
    const lane_course& from = lanes_[items_[no].lane];
    if (!inherits || (from.due && (!l.due || *from.due < *l.due))) {
      l.due = from.due;
      l.beat = from.beat;
      l.slot = from.slot;
      l.missed = from.missed;
    }
    l.last_slot = std::max(l.last_slot, from.last_slot);
    if (from.retry_at && (!l.retry_at || *from.retry_at < *l.retry_at)) {
      l.retry_at = from.retry_at;
      l.retry = from.retry;
    }
    l.turn = std::max(l.turn, from.turn);
    l.triggered = l.triggered || from.triggered;
    l.again = l.again || from.again;
    l.open = l.open || from.open;
    l.since = inherits ? std::min(l.since, from.since) : from.since;
    l.last_start = std::max(l.last_start, from.last_start);
    l.last_end = std::max(l.last_end, from.last_end);
    inherits = true;
  }
  rhythm_.share_is_here(l, s);
  return inherits ? l : first_course(no_item, s);
}

} // namespace djm
