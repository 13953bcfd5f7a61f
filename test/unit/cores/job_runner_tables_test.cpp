#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "actors/job_runner/item_table.hpp"
#include "actors/job_runner/moment_queue.hpp"
#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// Whether the ranks say what the names say, and how many items were looked at for each that came.
double looks_of_ranks(const std::vector<item_id>& names) {
  item_table items;
  std::vector<item_no> moved;
  for (const auto& name : names) {
    items.find_or_add(name, moved);
  }
  const auto looks = static_cast<double>(items.looks()) / static_cast<double>(names.size());
  std::vector<std::uint64_t> ranks;
  items.each([&](item_no no) { ranks.push_back(items[no].rank); });
  CHECK(ranks.size() == names.size());
  CHECK(std::adjacent_find(ranks.begin(), ranks.end(), std::greater_equal<>{}) == ranks.end());
  return looks;
}

item_id name_of(int n) {
  auto digits = std::to_string(n);
  return item_id{"i" + std::string(8 - digits.size(), '0') + digits};
}

} // namespace

TEST_CASE("runner: a queue of moments gives them in their order, whatever is changed and taken out of it") {
  std::mt19937 random{7};
  moment_queue queue;
  std::map<std::uint32_t, std::pair<time_point, std::uint64_t>> model;
  for (int n = 0; n < 20'000; ++n) {
    const auto number = static_cast<std::uint32_t>(random() % 60);
    if (random() % 3 == 0) {
      queue.erase(number);
      model.erase(number);
    } else {
      const auto when = at(static_cast<double>(random() % 20));
      const std::uint64_t rank = random() % 1000 * 100 + number;
      queue.set(number, when, rank);
      model[number] = {when, rank};
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
    REQUIRE(queue.has(number) == (model.count(number) == 1));
    const auto least =
      std::min_element(model.begin(), model.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (least != model.end()) {
      REQUIRE(queue.first().number == least->first);
      REQUIRE(queue.at(least->first) == least->second.first);
    }
  }
  queue.clear();
  CHECK(queue.empty());
  CHECK_FALSE(queue.has(1));
}

TEST_CASE("runner: a set of numbers has what was put in and not taken out") {
  std::mt19937 random{7};
  number_set numbers;
  std::set<std::uint32_t> model;
  for (int n = 0; n < 5'000; ++n) {
    const auto number = static_cast<std::uint32_t>(random() % 50);
    const bool in = random() % 2 == 0;
    numbers.keep(number, in);
    in ? (void) model.insert(number) : (void) model.erase(number);
    REQUIRE(numbers.has(number) == in);
    REQUIRE(std::set<std::uint32_t>(numbers.all().begin(), numbers.all().end()) == model);
    REQUIRE(numbers.all().size() == model.size());
  }
}

TEST_CASE("runner: ranks compare as names do, in whatever order the names come, and cost little") {
  constexpr int many = 20'000;
  std::vector<item_id> up;
  std::vector<item_id> down;
  std::vector<item_id> inwards; // each between the two before it
  std::vector<item_id> behind_one;
  for (int n = 0; n < many; ++n) {
    up.push_back(name_of(n));
    down.push_back(name_of(many - n));
    inwards.push_back(name_of(n % 2 == 0 ? n : 2 * many - n));
    behind_one.push_back(n == 0 ? "a" : n == 1 ? "z" : name_of(many - n));
  }
  auto mixed = up;
  std::shuffle(mixed.begin(), mixed.end(), std::mt19937{3});
  for (const auto* names : {&up, &down, &inwards, &behind_one, &mixed}) {
    CHECK(looks_of_ranks(*names) < 60);
  }
}

TEST_CASE("runner: an item that goes leaves its number to the next one, and nothing else") {
  item_table items;
  std::vector<item_no> moved;
  const auto a = items.find_or_add("a", moved);
  const auto b = items.find_or_add("b", moved);
  CHECK(items.find_or_add("b", moved) == b);
  items[b].failed = true;
  items[b].token = 5;
  items.drop(b);
  CHECK(items.find("b") == no_item);
  CHECK(items.find("a") == a);
  const auto c = items.find_or_add("c", moved);
  CHECK(c == b);
  CHECK_FALSE(items[c].failed);
  CHECK(items[c].token == 0);
  CHECK(*items[c].name == "c");
}

TEST_CASE("runner: lanes start in the order of their names also when those come between each other") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  std::set<item_id> sorted;
  for (int n = 0; n < 300; ++n) {
    const auto name = name_of(n % 2 == 0 ? n : 1000 - n);
    sorted.insert(name);
    r.granted(0, {{name, 1}}); // without a lease nothing starts
  }
  std::string expected;
  run_id run = 0;
  for (const auto& name : sorted) {
    expected += (run == 0 ? "start " : "; start ") + std::to_string(run + 1) + ": " + name + "#1";
    ++run;
  }
  CHECK(r.leased(0) == expected);
}
