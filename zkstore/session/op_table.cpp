#include "zkstore/session/op_table.hpp"

namespace djm::store {

bool op_table::has_room(std::size_t bytes) const noexcept {
  return ops_ == 0 || (ops_ < window_ops_ && bytes_ + bytes <= window_bytes_);
}

op_id_t op_table::add(entry e, time_point deadline) {
  ++ops_;
  bytes_ += e.bytes;
  const auto id = ++last_id_;
  deadlines_.emplace_back(deadline, id);
  entries_.emplace_hint(entries_.end(), id, std::move(e));
  return id;
}

op_id_t op_table::add_probe() {
  entry e;
  e.what = purpose::probe;
  const auto id = ++last_id_;
  entries_.emplace_hint(entries_.end(), id, std::move(e));
  return id;
}

std::optional<op_table::entry> op_table::complete(op_id_t id) {
  auto i = entries_.find(id);
  if (i == entries_.end()) {
    return std::nullopt;
  }
  auto result = std::move(i->second);
  entries_.erase(i);
  if (result.what != purpose::probe) {
    --ops_;
    bytes_ -= result.bytes;
  }
  return result;
}

std::optional<op_table::entry> op_table::take_overdue(time_point now) {
  drop_settled_deadlines();
  if (deadlines_.empty() || deadlines_.front().first > now) {
    return std::nullopt;
  }
  auto& e = entries_.at(deadlines_.front().second);
  deadlines_.pop_front();
  auto result = e;
  e.abandoned = true;
  return result;
}

std::optional<time_point> op_table::next_deadline() {
  drop_settled_deadlines();
  if (deadlines_.empty()) {
    return std::nullopt;
  }
  return deadlines_.front().first;
}

void op_table::clear() {
  entries_.clear();
  deadlines_.clear();
  ops_ = 0;
  bytes_ = 0;
}

void op_table::drop_settled_deadlines() {
  while (!deadlines_.empty() && entries_.count(deadlines_.front().second) == 0) {
    deadlines_.pop_front();
  }
}

} // namespace djm::store
