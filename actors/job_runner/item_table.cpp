#include "actors/job_runner/item_table.hpp"

#include <iterator>

namespace djm {

namespace {

/// Ranks lie below this.
constexpr std::uint64_t end_of_ranks = std::uint64_t{1} << 62;
/// Between neighbours at either end, so that names that come in their order find room for ever.
constexpr std::uint64_t stride = std::uint64_t{1} << 32;
/// How much fuller a range may be than the next larger one around it.
constexpr double slope = 1.4;

} // namespace

item_no item_table::find(const item_id& name) const {
  ++looks_;
  const auto i = by_name_.find(name);
  return i == by_name_.end() ? no_item : i->second;
}

item_no item_table::find_or_add(const item_id& name, std::vector<item_no>& moved) {
  ++looks_;
  const auto [i, is_new] = by_name_.try_emplace(name, no_item);
  if (!is_new) {
    return i->second;
  }
  if (free_.empty()) {
    i->second = static_cast<item_no>(items_.size());
    make_room_for_one(items_);
    items_.emplace_back();
  } else {
    i->second = free_.back();
    free_.pop_back();
    items_[i->second] = {};
  }
  items_[i->second].name = &i->first;
  rank(i, moved);
  return i->second;
}

void item_table::drop(item_no no) {
  ++looks_;
  by_name_.erase(by_name_.find(*items_[no].name));
  items_[no] = {};
  free_.push_back(no);
}

/// In the middle between its neighbours.
void item_table::rank(order::iterator i, std::vector<item_no>& moved) {
  const auto next = std::next(i);
  const bool is_first = i == by_name_.begin();
  const bool is_last = next == by_name_.end();
  const auto low = is_first ? 0 : items_[std::prev(i)->second].rank;
  const auto high = is_last ? end_of_ranks : items_[next->second].rank;
  auto& mine = items_[i->second].rank;
  if (is_first && is_last) {
    mine = end_of_ranks / 2;
  } else if (is_last && high - low > stride) {
    mine = low + stride;
  } else if (is_first && high > stride) {
    mine = high - stride;
  } else {
    mine = low + (high - low) / 2;
    if (mine == low) {
      make_room(i, moved);
    }
  }
}

/// Spreads the ranks anew in the smallest range around the new item that is not crowded. The larger the range the less
/// crowded it has to be, so that long after it no range in it is: over many items that come each costs a logarithm.
void item_table::make_room(order::iterator i, std::vector<item_no>& moved) {
  const auto mine = items_[i->second].rank;
  auto first = i;
  auto last = i;
  std::uint64_t count = 1;
  double crowd = 1;
  for (std::uint64_t size = 2; size <= end_of_ranks; size *= 2) {
    const auto begin = mine / size * size;
    for (; first != by_name_.begin() && items_[std::prev(first)->second].rank >= begin; --first) {
      ++count;
    }
    for (; std::next(last) != by_name_.end() && items_[std::next(last)->second].rank - begin < size; ++last) {
      ++count;
    }
    crowd *= 2 / slope;
    if (static_cast<double>(count) >= crowd || size / count < 2) {
      continue;
    }
    const auto step = size / count;
    auto rank = begin + step / 2;
    for (auto at = first;; ++at, rank += step) {
      ++looks_;
      items_[at->second].rank = rank;
      if (at != i) {
        moved.push_back(at->second);
      }
      if (at == last) {
        return;
      }
    }
  }
}

} // namespace djm
