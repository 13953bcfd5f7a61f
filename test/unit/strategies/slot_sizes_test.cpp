#include <doctest/doctest.h>

#include "strategies/slot_manager.hpp"

/// Slots and requests of several sizes: the cases of Flink's slot manager that were not yet literally here.
using namespace djm;
using slot_state = slot_manager::slot_state;
using what = slot_effect::what;

namespace {

const slot_profile small{{"cpu", 1000}};
const slot_profile large{{"cpu", 4000}, {"memory_mb", 1024000}};

slot_report free_slot(std::uint32_t n, slot_profile p = small) {
  return {n, std::move(p), {}};
}

slot_report used_slot(std::uint32_t n, allocation_id by, slot_profile p = small) {
  return {n, std::move(p), std::move(by)};
}

std::string text(const slot_effects& effects) {
  std::string result;
  for (const auto& e : effects) {
    result += result.empty() ? "" : ", ";
    if (e.kind == what::capacity_wanted) {
      result += "wanted for " + e.request;
    } else {
      result += (e.kind == what::allocate ? "allocate " : "release ") + e.slot.worker + "/" +
                std::to_string(e.slot.slot) + " for " + e.request;
    }
  }
  return result;
}

} // namespace

TEST_CASE("3 normal, 2 big and 1 normal on 5 normal slots: a slot that does not fit stays free, and holds nobody up") {
  slot_manager m;
  m.report("w", {free_slot(0), free_slot(1), free_slot(2), free_slot(3), free_slot(4)});
  for (const auto* id : {"n1", "n2", "n3"}) {
    m.request({id, small, 0});
  }
  CHECK(m.slots(slot_state::free) == 2);
  CHECK(text(m.request({"b1", large, 0})) == "wanted for b1");
  CHECK(text(m.request({"b2", large, 0})) == "wanted for b2");
  CHECK(m.slots(slot_state::free) == 2);
  CHECK(text(m.request({"n4", small, 0})) == "allocate w/3 for n4"); // younger than both, and takes nothing from them
  CHECK(m.slots(slot_state::free) == 1);
  CHECK(m.waiting() == std::vector<allocation_id>{"b1", "b2"});
  // The books are told the same again: no wish is.
  for (std::uint32_t n = 0; n < 3; ++n) {
    CHECK(m.confirmed({"w", n}, "n" + std::to_string(n + 1)).empty());
  }
  CHECK(m.confirmed({"w", 3}, "n4").empty());
  CHECK(m.report("w", {used_slot(0, "n1"), used_slot(1, "n2"), used_slot(2, "n3"), used_slot(3, "n4"), free_slot(4)})
          .empty());
  CHECK(m.slots(slot_state::free) == 1);
  CHECK(text(m.report("x", {free_slot(0, large)})) == "allocate x/0 for b1");
}

TEST_CASE("3 normal, 2 big and 1 normal on 3 normal and 2 big slots: each has its own, and the last one waits") {
  slot_manager m;
  m.report("w", {free_slot(0, large), free_slot(1), free_slot(2, large), free_slot(3), free_slot(4)});
  CHECK(text(m.request({"n1", small, 0})) == "allocate w/1 for n1");
  CHECK(text(m.request({"n2", small, 0})) == "allocate w/3 for n2");
  CHECK(text(m.request({"n3", small, 0})) == "allocate w/4 for n3");
  CHECK(text(m.request({"b1", large, 0})) == "allocate w/0 for b1");
  CHECK(text(m.request({"b2", large, 0})) == "allocate w/2 for b2");
  CHECK(text(m.request({"n4", small, 0})) == "wanted for n4");
  CHECK(text(m.cancel("b1")) == "release w/0 for b1, allocate w/0 for n4"); // a big one will do, where nobody else is
}
