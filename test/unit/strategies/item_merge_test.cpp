#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <set>

#include "strategies/item_merge.hpp"

using namespace djm;

namespace {

bool no_bad_ones(std::string_view name) {
  return name.substr(0, 3) != "bad";
}

std::vector<item_id> sorted(const std::set<item_id>& names) {
  return {names.begin(), names.end()};
}

void same(const item_set& a, const item_set& b) {
  RC_ASSERT(a.size() == b.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    RC_ASSERT(a.name(k) == b.name(k));
    RC_ASSERT(a.hash(k) == b.hash(k));
    RC_ASSERT(a.find(b.name(k)) == static_cast<std::uint32_t>(k));
  }
}

} // namespace

TEST_CASE("items kept up to date change by change are what interning all of them gives") {
  CHECK(rc::check("random histories", [](std::uint32_t seed) {
    std::mt19937 random{seed};
    auto upto = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % (n + 1)); };
    std::set<item_id> names;
    named_items items;
    for (int step = 0; step < 12; ++step) {
      const auto before = items.set;
      for (auto n = upto(10); n > 0; --n) {
        const item_id name{(upto(9) == 0 ? "bad-" : "item-") + std::to_string(upto(60))};
        if (names.erase(name) == 0) {
          names.insert(name);
        }
      }
      if (upto(9) == 0) {
        names.clear();
      }
      std::vector<item_id> good;
      std::copy_if(names.begin(), names.end(), std::back_inserter(good), no_bad_ones);
      auto merged = merge_items(std::move(items), sorted(names), no_bad_ones);
      const auto& now = *merged.now.set;
      same(now, *item_set::make(good).value());
      RC_ASSERT(merged.now.by_name.size() == good.size());
      for (std::size_t k = 0; k < good.size(); ++k) {
        RC_ASSERT(now.name(merged.now.by_name[k]) == good[k]);
      }
      RC_ASSERT(merged.origin.size() == now.size());
      for (std::size_t k = 0; k < now.size(); ++k) {
        RC_ASSERT(merged.origin[k] == (before ? before->find(now.name(k)).value_or(no_worker) : no_worker));
      }
      std::size_t gone = 0;
      for (std::size_t k = 0; before && k < before->size(); ++k) {
        gone += names.count(item_id{before->name(k)}) == 0 ? 1 : 0;
      }
      RC_ASSERT(merged.gone.size() == gone);
      for (auto k : merged.gone) {
        RC_ASSERT(names.count(item_id{before->name(k)}) == 0u);
      }
      items = std::move(merged.now);
    }
  }));
}

TEST_CASE("the same names are the same set, and a new name is all that is asked for acceptance") {
  static std::vector<std::string> asked;
  auto note = [](std::string_view name) {
    asked.emplace_back(name);
    return true;
  };
  auto first = merge_items({}, {"a", "b", "c"}, note).now;
  CHECK(asked.size() == 3);
  asked.clear();
  const auto* was = first.set.get();
  auto second = merge_items(std::move(first), {"a", "b", "c"}, note).now;
  CHECK(second.set.get() == was);
  CHECK(asked.empty());
  auto third = merge_items(std::move(second), {"a", "c", "d"}, note).now;
  CHECK(asked == std::vector<std::string>{"d"});
  CHECK(third.set->size() == 3);
}

TEST_CASE("a part of the items keeps their order") {
  const auto all = item_set::make({"a", "b", "c", "d", "e"}).value();
  std::vector<bool> keep(5, true);
  keep[1] = keep[3] = false;
  const auto part = keep_items(*all, keep);
  REQUIRE(part->size() == 3);
  CHECK(part->name(0) == all->name(0));
  CHECK(part->name(1) == all->name(2));
  CHECK(part->hash(2) == all->hash(4));
  CHECK(part->find(all->name(2)) == 1u);
  CHECK(!part->find(all->name(1)).has_value());
}
