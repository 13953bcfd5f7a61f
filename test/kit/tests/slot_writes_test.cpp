#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/test/cluster.hpp"
#include "jobs.hpp"

/// What the memory of slots costs a whole cluster: transactions, counted by the nodes themselves.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t node_count = 3;
constexpr std::size_t item_count = 60;
constexpr int slot_count = 60;

struct hour {
  std::uint64_t runs = 0;
  std::uint64_t transactions = 0;
  /// The slot that stands in the record of each item, after it.
  std::map<std::string, std::string> records;
};

std::uint64_t transactions_of(cluster& c) {
  std::uint64_t n = 0;
  for (const auto& id : c.nodes()) {
    const auto st = c.node(id).status();
    REQUIRE(st);
    n += st->store.commits;
  }
  return n;
}

/// An hour of a calm cluster with a slot each minute.
hour hour_of(slots rule) {
  hour h;
  cluster c{node_count};
  c.register_job(job_builder("report")
                   .items(numbered("i", item_count))
                   .thread_per_item()
                   .at(aligned(1min))
                   .remember(rule)
                   .run([&h](job_context& ctx) {
                     ++h.runs;
                     ctx.sleep(100ms);
                   }));
  c.settle();
  c.advance(2min);
  // To a moment between two slots, when nothing of the one before is on its way any more.
  const auto seen = h.runs;
  REQUIRE(c.run_until([&] { return h.runs > seen; }, 2min));
  c.advance(20s);
  h.runs = 0;
  const auto before = transactions_of(c);
  c.advance(std::chrono::minutes{slot_count});
  h.transactions = transactions_of(c) - before;
  for (const auto& path : c.tree().paths("/djm")) {
    if (path.rfind("/djm/states/report/", 0) == 0) {
      h.records[path] = *c.tree().data(path);
    }
  }
  CHECK(to_string(c.overlaps()).empty());
  std::cout << "figure: memory of slots: " << to_string(rule) << ": " << h.runs << " runs in an hour, "
            << h.transactions << " transactions, " << h.records.size() << " records\n";
  return h;
}

} // namespace

TEST_CASE(
  "slots that are forgotten write nothing in an hour, what is finished a transaction or two per node and slot") {
  const auto forgotten = hour_of(slots::forget);
  CHECK(forgotten.runs == item_count * slot_count);
  CHECK(forgotten.transactions == 0);
  CHECK(forgotten.records.empty());

  const auto finished = hour_of(slots::finished);
  CHECK(finished.runs == item_count * slot_count);
  CHECK(finished.transactions >= node_count * slot_count);
  CHECK(finished.transactions < 2 * node_count * slot_count); // all ends of half a second go together
  CHECK(finished.records.size() == item_count);
}

TEST_CASE("claims and ends of many items go together, too") {
  const auto claimed = hour_of(slots::claimed);
  CHECK(claimed.runs == item_count * slot_count);
  CHECK(claimed.transactions >= node_count * slot_count);
  CHECK(claimed.transactions < 2 * node_count * slot_count);
  CHECK(claimed.records.size() == item_count);

  const auto tracked = hour_of(slots::tracked);
  CHECK(tracked.runs == item_count * slot_count);
  CHECK(tracked.transactions >= 2 * node_count * slot_count);
  CHECK(tracked.transactions < 4 * node_count * slot_count);
  CHECK(tracked.records.size() == item_count);
}
