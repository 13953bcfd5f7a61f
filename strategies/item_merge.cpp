#include "strategies/item_merge.hpp"

#include <algorithm>
#include <numeric>

#include "strategies/murmur3.hpp"

namespace djm {

/// Builds sets of items that have their hashes already.
class item_merger {
public:
  explicit item_merger(std::size_t items) : made_(std::make_shared<item_set>()) {
    made_->hashes_.reserve(items);
    made_->offsets_.reserve(items + 1);
  }

  void add(std::uint64_t hash, std::string_view name) {
    made_->hashes_.push_back(hash);
    made_->arena_ += name;
    made_->offsets_.push_back(made_->arena_.size());
  }

  void reserve_names(std::size_t bytes) { made_->arena_.reserve(bytes); }
  static std::size_t bytes_of_names(const item_set& x) { return x.arena_.size(); }
  std::shared_ptr<const item_set> take() { return std::move(made_); }

private:
  std::shared_ptr<item_set> made_;
};

namespace {

struct fresh_item {
  std::uint64_t hash;
  std::uint32_t name;       // position in the list of names
  std::uint32_t number = 0; // in the set to be
};

// In the order of names: an item that stays, by its number before, or one that is new, by its position in `fresh`.
struct entry {
  bool fresh;
  std::uint32_t at;
};

} // namespace

merged_items merge_items(named_items before, const std::vector<item_id>& names, bool (*accepted)(std::string_view)) {
  merged_items result;
  const auto old = before.set ? before.set->size() : 0;
  std::vector<fresh_item> fresh;
  std::vector<entry> order;
  order.reserve(names.size());
  std::size_t bytes = 0;
  std::size_t at = 0;
  for (std::uint32_t k = 0; k < names.size(); ++k) {
    while (at < old && before.set->name(before.by_name[at]) < names[k]) {
      result.gone.push_back(before.by_name[at++]);
    }
    if (at < old && before.set->name(before.by_name[at]) == names[k]) {
      order.push_back({false, before.by_name[at++]});
    } else if (accepted(names[k])) {
      order.push_back({true, static_cast<std::uint32_t>(fresh.size())});
      fresh.push_back({murmur3_64(names[k]), k});
      bytes += names[k].size();
    }
  }
  result.gone.insert(result.gone.end(), before.by_name.begin() + static_cast<std::ptrdiff_t>(at), before.by_name.end());
  if (before.set && fresh.empty() && result.gone.empty()) {
    result.origin.resize(old);
    std::iota(result.origin.begin(), result.origin.end(), 0);
    result.now = std::move(before);
    return result;
  }
  std::vector<std::uint32_t> by_hash(fresh.size());
  std::iota(by_hash.begin(), by_hash.end(), 0);
  std::sort(by_hash.begin(), by_hash.end(), [&](std::uint32_t a, std::uint32_t b) {
    return fresh[a].hash != fresh[b].hash ? fresh[a].hash < fresh[b].hash : fresh[a].name < fresh[b].name;
  });
  std::vector<bool> gone(old);
  for (auto k : result.gone) {
    gone[k] = true;
  }
  item_merger made{order.size()};
  made.reserve_names(bytes + (before.set ? item_merger::bytes_of_names(*before.set) : 0));
  std::vector<std::uint32_t> number(old, no_worker); // of the items that stay
  result.origin.reserve(order.size());
  auto next = by_hash.begin();
  auto add_fresh_below = [&](std::uint64_t hash, std::string_view name, bool all) {
    for (; next != by_hash.end(); ++next) {
      auto& f = fresh[*next];
      if (!all && (f.hash > hash || (f.hash == hash && std::string_view{names[f.name]} > name))) {
        break;
      }
      f.number = static_cast<std::uint32_t>(result.origin.size());
      made.add(f.hash, names[f.name]);
      result.origin.push_back(no_worker);
    }
  };
  for (std::uint32_t k = 0; k < old; ++k) {
    if (gone[k]) {
      continue;
    }
    add_fresh_below(before.set->hash(k), before.set->name(k), false);
    number[k] = static_cast<std::uint32_t>(result.origin.size());
    made.add(before.set->hash(k), before.set->name(k));
    result.origin.push_back(k);
  }
  add_fresh_below(0, {}, true);
  result.now.set = made.take();
  result.now.by_name.reserve(order.size());
  for (const auto& e : order) {
    result.now.by_name.push_back(e.fresh ? fresh[e.at].number : number[e.at]);
  }
  return result;
}

std::shared_ptr<const item_set> keep_items(const item_set& all, const std::vector<bool>& keep) {
  item_merger made{static_cast<std::size_t>(std::count(keep.begin(), keep.end(), true))};
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (keep[k]) {
      made.add(all.hash(k), all.name(k));
    }
  }
  return made.take();
}

} // namespace djm
