#include <doctest/doctest.h>

#include "strategies/hash_strategies.hpp"
#include "strategies/murmur3.hpp"
#include "test/unit/strategies/model.hpp"

using namespace djm;
using namespace djm::test;

namespace {

assignment run(const model& x) {
  auto problem = problem_of(x);
  auto result = make_plan(problem, strategy_registry{});
  REQUIRE(result.has_value());
  CHECK(result->failures.empty());
  return names_of(problem, result->owner);
}

model six_items(const char* strategy, std::vector<node_id> workers) {
  items work;
  for (int k = 0; k < 6; ++k) {
    work.emplace_back("work-item-" + std::to_string(k));
  }
  return {std::move(workers), {{"job-0", work}}, {}, strategy};
}

std::set<item_id> numbers(std::initializer_list<int> list) {
  std::set<item_id> result;
  for (auto k : list) {
    result.emplace("work-item-" + std::to_string(k));
  }
  return result;
}

} // namespace

TEST_CASE("murmur3 gives the published values") {
  CHECK(murmur3_64("") == 0);
  CHECK(murmur3_64("hello") == 0xcbd8a7b341bd9b02ull);
  CHECK(murmur3_64("The quick brown fox jumps over the lazy dog") == 0xe34bbc7bbc071b6cull);
}

TEST_CASE("a prefix hashed once gives the hash of the whole, whatever the lengths") {
  const std::string text(200, 'x');
  for (std::size_t a = 0; a < 40; ++a) {
    for (std::size_t b = 0; b < 40; ++b) {
      auto whole = text.substr(0, a) + std::string(b, 'y');
      CHECK(murmur3_prefix{text.substr(0, a)}(std::string(b, 'y')) == murmur3_64(whole));
    }
  }
}

TEST_CASE("rendezvous weights are wire-stable") {
  CHECK(rendezvous_weight("job-0", "work-item-0", "worker-0") == -8398066796492929729);
  CHECK(rendezvous_weight("job-0", "work-item-0", "worker-1") == 549014644219707390);
  CHECK(rendezvous_weight("job-0", "work-item-0", "worker-2") == -3336281718117042520);
  CHECK(rendezvous_weight("job-0", "work-item-5", "worker-0") == 8771752248249390705);
  CHECK(rendezvous_weight("job-1", "work-item-0", "worker-1") == 6240142089392962444);
  CHECK(rendezvous_weight("a", "b", "c") == -8015560933684899038);
  CHECK(rendezvous_weight("rebill-job", "rebill-item-3", "sws-4") == 8516681233054068625);
  CHECK(rendezvous_weight("some-really-long-job-id.with.dots", "work-item_with-underscore.99", "node-17.example") ==
        -1513423895010323473);
}

TEST_CASE("rendezvous gives the rows of the oracle") {
  CHECK(run(six_items("rendezvous", {"worker-0", "worker-1", "worker-2"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 5})}}},
                   {"worker-1", {{"job-0", numbers({0, 2, 3})}}},
                   {"worker-2", {{"job-0", numbers({4})}}}});
  CHECK(run(six_items("rendezvous", {"worker-0", "worker-2"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 5})}}}, {"worker-2", {{"job-0", numbers({0, 2, 3, 4})}}}});
  CHECK(run(six_items("rendezvous", {"worker-3", "worker-0", "worker-2"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 5})}}},
                   {"worker-2", {{"job-0", numbers({4})}}},
                   {"worker-3", {{"job-0", numbers({0, 2, 3})}}}});
}

TEST_CASE("evenly_rendezvous gives the rows of the oracle") {
  CHECK(run(six_items("evenly_rendezvous", {"worker-0", "worker-1", "worker-2"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 5})}}},
                   {"worker-1", {{"job-0", numbers({0, 2})}}},
                   {"worker-2", {{"job-0", numbers({3, 4})}}}});
  CHECK(run(six_items("evenly_rendezvous", {"worker-0", "worker-1", "worker-3"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 4})}}},
                   {"worker-1", {{"job-0", numbers({2, 3})}}},
                   {"worker-3", {{"job-0", numbers({0, 5})}}}});
  CHECK(run(six_items("evenly_rendezvous", {"worker-2", "worker-0"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 4, 5})}}}, {"worker-2", {{"job-0", numbers({0, 2, 3})}}}});
  CHECK(run(six_items("evenly_rendezvous", {"worker-0", "worker-2", "worker-3"})) ==
        assignment{{"worker-0", {{"job-0", numbers({1, 5})}}},
                   {"worker-2", {{"job-0", numbers({3, 4})}}},
                   {"worker-3", {{"job-0", numbers({0, 2})}}}});
}
