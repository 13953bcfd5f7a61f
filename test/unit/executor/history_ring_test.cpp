#include "actors/env/history_ring.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using namespace djm;

namespace {

past_run run_of(run_id id, const std::vector<item_id>& items, run_outcome outcome = run_outcome::finished) {
  past_run r;
  r.job = "j";
  r.run = id;
  for (const auto& i : items) {
    r.items.push_back({i, 1});
  }
  r.outcome = outcome;
  return r;
}

std::vector<run_id> found(const history_ring& h, const get_history& which) {
  std::vector<run_id> ids;
  for (const auto& r : h.find(which).runs) {
    ids.push_back(r.run);
  }
  return ids;
}

} // namespace

TEST_CASE("history: the last runs of each item are remembered, the latest first") {
  history_ring h{{1u << 20, 3, 10}};
  for (run_id id = 1; id <= 5; ++id) {
    h.add(run_of(id, {"a"}));
  }
  h.add(run_of(6, {"b"}));
  CHECK(found(h, {"j", "a", {}, 100}) == std::vector<run_id>{5, 4, 3});
  CHECK(found(h, {}) == std::vector<run_id>{6, 5, 4, 3});
  CHECK(found(h, {"j", {}, {}, 2}) == std::vector<run_id>{6, 5});
  CHECK(found(h, {"other", {}, {}, 2}).empty());
  CHECK(h.find({}).forgotten == 2);
}

TEST_CASE("history: a run that failed stays longer than what was fine after it") {
  history_ring h{{1u << 20, 2, 2}};
  h.add(run_of(1, {"a"}, run_outcome::failed));
  h.add(run_of(2, {"b"}, run_outcome::timed_out));
  h.add(run_of(3, {"c"}, run_outcome::failed_for_good));
  for (run_id id = 10; id < 20; ++id) {
    h.add(run_of(id, {"a", "b", "c"}));
  }
  CHECK(found(h, {{}, {}, run_outcome::timed_out, 100}) == std::vector<run_id>{2});
  CHECK(found(h, {{}, {}, run_outcome::failed_for_good, 100}) == std::vector<run_id>{3});
  CHECK(found(h, {{}, {}, run_outcome::failed, 100}).empty()); // one more than there is room for
  CHECK(found(h, {{}, "b", {}, 100}) == std::vector<run_id>{19, 18, 2});
}

TEST_CASE("history: a run of a share is found by each of its items") {
  history_ring h{{1u << 20, 2, 2}};
  h.add(run_of(1, {"a", "b"}));
  h.add(run_of(2, {"a"}));
  h.add(run_of(3, {"a"}));
  CHECK(found(h, {{}, "a", {}, 100}) == std::vector<run_id>{3, 2, 1}); // b still holds the first
  h.add(run_of(4, {"b"}));
  h.add(run_of(5, {"b"}));
  CHECK(found(h, {{}, "a", {}, 100}) == std::vector<run_id>{3, 2});
}

TEST_CASE("history: it never takes more than its bytes, whatever it is told") {
  constexpr std::size_t most = 100'000;
  history_ring h{{most, 10, 1000}};
  std::mt19937 random{3};
  for (run_id id = 1; id <= 20'000; ++id) {
    std::vector<item_id> items;
    for (auto n = 1 + random() % 5; n > 0; --n) {
      items.push_back(item_id{"item-" + std::to_string(random() % 3000)});
    }
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    auto r = run_of(id, items, static_cast<run_outcome>(random() % 9));
    r.error = std::string(random() % 2000, 'x');
    h.add(r);
    REQUIRE(h.bytes() <= most);
  }
  const auto all = h.find({{}, {}, {}, 10'000});
  CHECK(all.runs.front().run == 20'000);
  CHECK(all.forgotten + all.runs.size() == 20'000);
}
