#include "actors/job_runner/moment_queue.hpp"

#include <algorithm>

namespace djm {

void moment_queue::put(std::size_t place, const entry& e) {
  ++looks_;
  heap_[place] = e;
  places_[e.number] = static_cast<std::uint32_t>(place);
}

void moment_queue::up(std::size_t place, const entry& e) {
  while (place > 0) {
    const auto parent = (place - 1) / children;
    if (!before(e, heap_[parent])) {
      break;
    }
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, e);
}

void moment_queue::down(std::size_t place, const entry& e) {
  for (;;) {
    const auto first = place * children + 1;
    if (first >= heap_.size()) {
      break;
    }
    auto least = first;
    for (auto c = first + 1; c < std::min(first + children, heap_.size()); ++c) {
      least = before(heap_[c], heap_[least]) ? c : least;
    }
    if (!before(heap_[least], e)) {
      break;
    }
    put(place, heap_[least]);
    place = least;
  }
  put(place, e);
}

void moment_queue::set(std::uint32_t number, time_point at, std::uint64_t rank) {
  const entry e{at, rank, number};
  if (!has(number)) {
    if (number >= places_.size()) {
      places_.resize(std::max<std::size_t>(number + 1, places_.size() * 2), nowhere);
    }
    heap_.push_back(e);
    up(heap_.size() - 1, e);
    return;
  }
  const std::size_t place = places_[number];
  const auto was = heap_[place];
  if (before(e, was)) {
    up(place, e);
  } else if (before(was, e)) {
    down(place, e);
  }
}

void moment_queue::erase(std::uint32_t number) {
  if (!has(number)) {
    return;
  }
  const std::size_t place = places_[number];
  const auto was = heap_[place];
  const auto last = heap_.back();
  heap_.pop_back();
  places_[number] = nowhere;
  if (last.number == number) {
    return;
  }
  if (before(last, was)) {
    up(place, last);
  } else {
    down(place, last);
  }
}

void moment_queue::clear() {
  heap_.clear();
  places_.clear();
}

void number_set::keep(std::uint32_t number, bool in) {
  if (in == has(number)) {
    return;
  }
  if (in) {
    if (number >= places_.size()) {
      places_.resize(std::max<std::size_t>(number + 1, places_.size() * 2), nowhere);
    }
    places_[number] = static_cast<std::uint32_t>(all_.size());
    all_.push_back(number);
    return;
  }
  const auto place = places_[number];
  all_[place] = all_.back();
  places_[all_[place]] = place;
  all_.pop_back();
  places_[number] = nowhere;
}

} // namespace djm
