#include "actors/job_runner/lane_table.hpp"

#include <utility>

namespace djm {

// -- items --------------------------------------------------------------------

lane_no lane_table::open(const lane_course& course, std::uint64_t rank, item_no own) {
  lane_no no;
  if (free_.empty()) {
    no = static_cast<lane_no>(lanes_.size());
    make_room_for_one(lanes_);
    lanes_.emplace_back();
  } else {
    no = free_.back();
    free_.pop_back();
    const bool listed = lanes_[no].touched;
    lanes_[no] = {};
    lanes_[no].touched = listed;
  }
  auto& l = lanes_[no];
  static_cast<lane_course&>(l) = course;
  l.rank = rank;
  l.own = own;
  l.there = true;
  ++size_;
  touch(no);
  return no;
}

void lane_table::join(item_no no, lane_no to) {
  items_[no].lane = to;
  count(no);
}

void lane_table::leave(item_no no) {
  auto& it = items_[no];
  if (it.lane == no_lane) {
    return;
  }
  uncount(no);
  auto& l = lanes_[it.lane];
  if (l.idle() + l.busy == 0) {
    l.there = false;
    --size_;
    free_.push_back(it.lane);
  }
  it.lane = no_lane;
}

void lane_table::clear() {
  items_.each([this](item_no no) { leave(no); });
}

/// The ring: fresh items in front, so that they are found without the others.
void lane_table::insert(item_no no, lane& l) {
  auto& it = items_[no];
  if (l.idle() == 0) {
    it.before = it.after = no;
    l.first = no;
  } else {
    it.after = l.first;
    it.before = items_[l.first].before;
    items_[it.before].after = no;
    items_[it.after].before = no;
    l.first = it.fresh ? no : l.first;
  }
  ++(it.fresh ? l.fresh : l.stale);
}

void lane_table::count(item_no no) {
  const auto& it = items_[no];
  auto& l = lanes_[it.lane];
  if (it.run != 0) {
    ++l.busy;
    l.renewed += it.fresh ? 1 : 0;
  } else {
    insert(no, l);
  }
  touch(it.lane);
}

void lane_table::uncount(item_no no) {
  const auto& it = items_[no];
  auto& l = lanes_[it.lane];
  if (it.run != 0) {
    --l.busy;
    l.renewed -= it.fresh ? 1 : 0;
  } else {
    --(it.fresh ? l.fresh : l.stale);
    items_[it.before].after = it.after;
    items_[it.after].before = it.before;
    l.first = l.idle() == 0 ? no_item : l.first == no ? it.after : l.first;
  }
  touch(it.lane);
}

std::vector<item_no> lane_table::idle_items(const lane& l, bool only_fresh) const {
  std::vector<item_no> found;
  const auto count = only_fresh ? l.fresh : l.idle();
  found.reserve(count);
  auto no = l.first;
  for (std::uint32_t n = 0; n < count; ++n) {
    found.push_back(no);
    no = items_[no].after;
  }
  return found;
}

// -- lanes --------------------------------------------------------------------

void lane_table::touch(lane_no no) {
  ++looks_;
  auto& l = lanes_[no];
  l.judged = false;
  if (!std::exchange(l.touched, true)) {
    touched_.push_back(no);
  }
}

lane& lane_table::edit(lane_no no) {
  touch(no);
  return lanes_[no];
}

void lane_table::settle() {
  for (const auto no : touched_) {
    place(no);
  }
  touched_.clear();
}

void lane_table::place(lane_no no) {
  ++looks_;
  auto& l = lanes_[no];
  l.touched = false;
  const bool own_run = cfg_.spec.on_new_items == new_items_policy::own_run;
  const bool restart = cfg_.spec.on_new_items == new_items_policy::restart;
  // Whether a run of it could begin beside what is under way.
  const bool free = l.there && !l.aside && l.idle() > 0 && (l.busy == 0 || own_run);
  const auto retry_at = l.held_back ? std::nullopt : l.retry_at;
  if (const auto at = earliest(l.due, retry_at); free && at) {
    due_.set(no, *at, l.rank);
  } else {
    due_.erase(no);
  }
  // Beside a run that goes on only what has been in none yet runs before it is due.
  if (free && (l.triggered || l.again) && (l.busy == 0 || l.fresh > 0)) {
    asked_.set(no, {}, l.rank);
  } else {
    asked_.erase(no);
  }
  if (l.there && l.due && !l.judged && cfg_.spec.schedule.lasting()) {
    unjudged_.set(no, *l.due);
  } else {
    unjudged_.erase(no);
  }
  // Between the runs of a job on trigger no lane has a moment: there it waits for an end only where it started a run.
  without_moment_.keep(no, l.there && !l.due && l.busy == 0 && !l.held_back &&
                             (l.open || cfg_.spec.schedule.kind != schedule_kind::on_trigger));
  for_new_.keep(no, l.there && l.busy > 0 && !l.again && (restart || (own_run && l.fresh + l.renewed > 0)));
}

std::optional<lane_no> lane_table::next_to_start(time_point now) const {
  const bool is_due = !due_.empty() && due_.first().at <= now;
  if (asked_.empty()) {
    return is_due ? std::optional<lane_no>{due_.first().number} : std::nullopt;
  }
  // What is asked for has waited since now.
  const auto& asked = asked_.first();
  const bool due_first = is_due && (due_.first().at < now || due_.first().rank <= asked.rank);
  return due_first ? due_.first().number : asked.number;
}

std::optional<time_point> lane_table::first_due() const {
  return due_.empty() ? std::nullopt : std::optional<time_point>{due_.first().at};
}

std::optional<time_point> lane_table::first_unjudged() const {
  return unjudged_.empty() ? std::nullopt : std::optional<time_point>{unjudged_.first().at};
}

std::optional<lane_no> lane_table::unjudged(time_point now) const {
  return unjudged_.empty() || unjudged_.first().at > now ? std::nullopt
                                                         : std::optional<lane_no>{unjudged_.first().number};
}

void lane_table::judged(lane_no no) {
  lanes_[no].judged = true;
  unjudged_.erase(no);
}

void lane_table::ask_again() {
  for (const auto no : for_new_.all()) {
    edit(no).again = true;
  }
}

} // namespace djm
