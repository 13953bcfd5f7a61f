#include "simulation/event_queue.hpp"

#include <algorithm>
#include <utility>

namespace djm::sim {

event_queue::id event_queue::at(time_point when, std::function<void()> f) {
  std::uint32_t s;
  if (free_.empty()) {
    s = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    s = free_.back();
    free_.pop_back();
  }
  slots_[s].sequence = ++last_;
  slots_[s].f = std::move(f);
  heap_.push_back({when, last_, s});
  std::push_heap(heap_.begin(), heap_.end(), later);
  return last_ << slot_bits | s;
}

void event_queue::cancel(id which) {
  const auto s = static_cast<std::uint32_t>(which & ((1u << slot_bits) - 1));
  if (which != 0 && s < slots_.size() && slots_[s].sequence == which >> slot_bits) {
    free(s);
  }
}

std::optional<time_point> event_queue::next() {
  drop_cancelled();
  return heap_.empty() ? std::nullopt : std::optional{heap_.front().when};
}

std::function<void()> event_queue::pop() {
  drop_cancelled();
  if (heap_.empty()) {
    return {};
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const auto s = heap_.back().slot;
  heap_.pop_back();
  auto f = std::move(slots_[s].f);
  free(s);
  return f;
}

void event_queue::drop_cancelled() {
  while (!heap_.empty() && slots_[heap_.front().slot].sequence != heap_.front().sequence) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
}

void event_queue::free(std::uint32_t s) {
  slots_[s].sequence = 0;
  // What it holds is destroyed after the slot is free: destructors may announce or cancel.
  auto f = std::move(slots_[s].f);
  slots_[s].f = nullptr;
  free_.push_back(s);
}

} // namespace djm::sim
