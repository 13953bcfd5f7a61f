#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <random>

#include "strategies/slot_manager.hpp"

using namespace djm;
using slot_state = slot_manager::slot_state;
using request_state = slot_manager::request_state;
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

TEST_CASE("a request gets a free slot, and its confirmation makes it served") {
  slot_manager m;
  CHECK(m.report("w", {free_slot(0)}).empty());
  CHECK(m.slots(slot_state::free) == 1);
  CHECK(text(m.request({"r", small, 0})) == "allocate w/0 for r");
  CHECK(m.slots(slot_state::asked) == 1);
  CHECK(m.requests(request_state::asked) == 1);
  CHECK(m.confirmed({"w", 0}, "r").empty());
  CHECK(m.slots(slot_state::in_use) == 1);
  CHECK(m.state_of("r") == request_state::served);
  CHECK(m.slot_of("r") == slot_ref{"w", 0});
}

TEST_CASE("a duplicate request is ignored in every state") {
  slot_manager m;
  CHECK(text(m.request({"r", small, 0})) == "wanted for r");
  CHECK(m.request({"r", large, 9}).empty());
  m.report("w", {free_slot(0)});
  CHECK(m.request({"r", small, 0}).empty());
  m.confirmed({"w", 0}, "r");
  CHECK(m.request({"r", small, 0}).empty());
  CHECK(m.requests(request_state::served) == 1);
}

TEST_CASE("the tightest slot that fits is taken; profiles are compared resource by resource") {
  slot_manager m;
  m.report("w", {free_slot(0, large), free_slot(1), free_slot(2, {{"gpu", 1000}})});
  CHECK(text(m.request({"a", {{"cpu", 500}}, 0})) == "allocate w/1 for a");
  CHECK(text(m.request({"b", {{"cpu", 500}}, 0})) == "allocate w/0 for b");
  CHECK(text(m.request({"c", {{"gpu", 2000}}, 0})) == "wanted for c");
  CHECK(text(m.request({"d", {{"gpu", 1000}}, 0})) == "allocate w/2 for d");
}

TEST_CASE("what does not fit pends, asks for capacity once, and is served by priority and age") {
  slot_manager m;
  CHECK(text(m.request({"old", small, 0})) == "wanted for old");
  CHECK(text(m.request({"new", small, 0})) == "wanted for new");
  CHECK(text(m.request({"urgent", small, 1})) == "wanted for urgent");
  CHECK(m.waiting() == std::vector<allocation_id>{"urgent", "old", "new"});
  CHECK(text(m.report("w", {free_slot(0)})) == "allocate w/0 for urgent");
  CHECK(text(m.report("v", {free_slot(0)})) == "allocate v/0 for old");
  CHECK(text(m.report("u", {free_slot(0)})) == "allocate u/0 for new");
}

TEST_CASE("a request that nothing fits does not hold up those behind it") {
  slot_manager m;
  m.request({"large", large, 5});
  m.request({"small", small, 0});
  CHECK(text(m.report("w", {free_slot(0)})) == "allocate w/0 for small");
  CHECK(m.waiting() == std::vector<allocation_id>{"large"});
}

TEST_CASE("a report corrects the books: free to in use") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  CHECK(m.report("w", {used_slot(0, "stranger")}).empty());
  CHECK(m.user_of({"w", 0}) == "stranger");
  CHECK(m.state_of("stranger") == request_state::served);
}

TEST_CASE("a report corrects the books: in use to free, and the next in line gets the slot") {
  slot_manager m;
  m.report("w", {used_slot(0, "a")});
  m.request({"b", small, 0});
  CHECK(text(m.report("w", {free_slot(0)})) == "allocate w/0 for b");
  CHECK(!m.state_of("a").has_value());
}

TEST_CASE("a report corrects the books: another allocation") {
  slot_manager m;
  m.report("w", {used_slot(0, "a")});
  CHECK(m.report("w", {used_slot(0, "b")}).empty());
  CHECK(m.user_of({"w", 0}) == "b");
  CHECK(!m.state_of("a").has_value());
}

TEST_CASE("a report confirms what was asked for") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  m.request({"r", small, 0});
  CHECK(m.report("w", {used_slot(0, "r")}).empty());
  CHECK(m.state_of("r") == request_state::served);
}

TEST_CASE("a slot that was asked for and is reported free stays asked for") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  m.request({"r", small, 0});
  CHECK(m.report("w", {free_slot(0)}).empty());
  CHECK(m.state_of("r") == request_state::asked);
}

TEST_CASE("a slot that was asked for and went to another sends the request elsewhere") {
  slot_manager m;
  m.report("w", {free_slot(0), free_slot(1)});
  CHECK(text(m.request({"r", small, 0})) == "allocate w/0 for r");
  CHECK(text(m.report("w", {used_slot(0, "x"), free_slot(1)})) == "allocate w/1 for r");
}

TEST_CASE("a request that turns up on a slot it was not asked for leaves the other one") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  m.request({"r", small, 0});
  CHECK(text(m.report("v", {used_slot(7, "r")})) == "release w/0 for r");
  CHECK(m.slot_of("r") == slot_ref{"v", 7});
  CHECK(m.user_of({"w", 0}) == "");
}

TEST_CASE("a refused allocation is tried elsewhere, else it pends until that worker reports again") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  m.report("v", {free_slot(0)});
  CHECK(text(m.request({"r", small, 0})) == "allocate v/0 for r");
  CHECK(text(m.refused({"v", 0}, "r")) == "allocate w/0 for r");
  CHECK(text(m.refused({"w", 0}, "r")) == "wanted for r");
  CHECK(m.state_of("r") == request_state::waiting);
  CHECK(text(m.request({"s", small, 0})) == "allocate v/0 for s"); // the slot is free for others
  CHECK(text(m.report("w", {free_slot(0)})) == "allocate w/0 for r");
}

TEST_CASE("a wish for capacity is told once, whatever is asked and refused, until the request has been served") {
  slot_manager m;
  CHECK(text(m.request({"r", small, 0})) == "wanted for r");
  CHECK(text(m.report("w", {free_slot(0)})) == "allocate w/0 for r");
  CHECK(m.refused({"w", 0}, "r").empty());
  CHECK(text(m.report("w", {free_slot(0)})) == "allocate w/0 for r");
  CHECK(m.report("w", {}).empty());
  CHECK(text(m.report("w", {used_slot(0, "r")})) == "");
  CHECK(text(m.worker_lost("w")) == "wanted for r");
}

TEST_CASE("a request keeps its age when it loses its slot, and one from before the books is older than all") {
  slot_manager m;
  m.request({"old", small, 0});
  m.request({"young", small, 0});
  m.report("w", {free_slot(0)});
  m.confirmed({"w", 0}, "old");
  m.worker_lost("w");
  CHECK(m.waiting() == std::vector<allocation_id>{"old", "young"});
  m.request({"orphan", small, 0, true});
  m.request({"urgent", small, 1});
  CHECK(m.waiting() == std::vector<allocation_id>{"urgent", "orphan", "old", "young"});
  m.report("w", {free_slot(0)});
  CHECK(m.in_order() == std::vector<allocation_id>{"urgent", "orphan", "old", "young"});
  CHECK(m.waiting() == std::vector<allocation_id>{"orphan", "old", "young"});
}

TEST_CASE("answers to questions that are no longer open change nothing") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  m.request({"r", small, 0});
  m.confirmed({"w", 0}, "r");
  CHECK(m.refused({"w", 0}, "r").empty());
  CHECK(m.confirmed({"w", 1}, "r").empty());
  CHECK(m.confirmed({"w", 0}, "x").empty());
  CHECK(m.state_of("r") == request_state::served);
}

TEST_CASE("a lost worker's slots go and its requests are placed anew") {
  slot_manager m;
  m.report("w", {free_slot(0), free_slot(1)});
  m.request({"a", small, 0});
  m.confirmed({"w", 0}, "a");
  m.request({"b", small, 1});
  m.report("v", {free_slot(0)});
  CHECK(text(m.worker_lost("w")) == "allocate v/0 for b, wanted for a");
  CHECK(m.slots(slot_state::free) + m.slots(slot_state::in_use) == 0);
  CHECK(m.waiting() == std::vector<allocation_id>{"a"});
}

TEST_CASE("a cancelled request frees its slot for the next") {
  slot_manager m;
  m.report("w", {free_slot(0)});
  m.request({"a", small, 0});
  m.request({"b", small, 0});
  CHECK(text(m.cancel("a")) == "release w/0 for a, allocate w/0 for b");
  CHECK(m.cancel("a").empty());
  m.cancel("b");
  CHECK(m.slots(slot_state::free) == 1);
}

namespace {

// Workers that do what they are asked to, late or not at all, and what the books must agree with afterwards.
struct history {
  explicit history(std::uint32_t seed) : random(seed) {}

  std::uint32_t upto(std::uint32_t n) { return static_cast<std::uint32_t>(random() % (n + 1)); }

  void obey(const slot_effects& effects) {
    for (const auto& e : effects) {
      if (e.kind == what::allocate) {
        RC_ASSERT(wanted.count(e.request) == 1u);
        questions.push_back({e.slot, e.request});
      } else if (e.kind == what::release) {
        auto& user = truth[e.slot.worker][e.slot.slot].used_by;
        if (user == e.request) {
          user.clear();
        }
      } else {
        RC_ASSERT(m.state_of(e.request) == request_state::waiting);
      }
    }
  }

  std::vector<slot_report> reports(const node_id& w) {
    std::vector<slot_report> result;
    for (const auto& [n, s] : truth[w]) {
      result.push_back(s);
    }
    return result;
  }

  void step() {
    const node_id w{"w" + std::to_string(upto(3))};
    switch (upto(6)) {
    case 0: { // a worker starts or reports
      auto& slots = truth[w];
      if (slots.empty()) {
        for (std::uint32_t n = 0; n <= upto(2); ++n) {
          slots[n] = {n, {{"cpu", 500 * (1 + upto(3))}}, {}};
        }
      }
      obey(m.report(w, reports(w)));
      break;
    }
    case 1: // a worker dies
      truth.erase(w);
      obey(m.worker_lost(w));
      break;
    case 2: {
      const auto id = "r" + std::to_string(upto(9));
      wanted.insert(id);
      obey(m.request({id, {{"cpu", 500 * (1 + upto(3))}}, static_cast<int>(upto(2))}));
      break;
    }
    case 3: {
      const auto id = "r" + std::to_string(upto(9));
      wanted.erase(id);
      obey(m.cancel(id));
      break;
    }
    default: // a worker answers
      if (questions.empty()) {
        return;
      }
      const auto at = upto(static_cast<std::uint32_t>(questions.size() - 1));
      const auto [slot, id] = questions[at];
      questions.erase(questions.begin() + at);
      auto worker = truth.find(slot.worker);
      if (worker == truth.end() || worker->second.count(slot.slot) == 0) {
        return;
      }
      auto& here = worker->second[slot.slot];
      const auto current = m.slot_of(id) == slot && m.state_of(id) == request_state::asked;
      if (here.used_by.empty() && current && upto(3) != 0) {
        here.used_by = id;
        obey(m.confirmed(slot, id));
      } else {
        obey(m.refused(slot, id));
      }
    }
  }

  void check() {
    std::size_t slots = 0;
    std::size_t busy = 0;
    for (const auto& [w, list] : truth) {
      for (const auto& [n, s] : list) {
        const auto user = m.user_of({w, n});
        if (!user) {
          continue; // not reported yet
        }
        ++slots;
        if (!user->empty()) {
          ++busy;
          RC_ASSERT((m.slot_of(*user) == slot_ref{w, n}));
        }
      }
    }
    RC_ASSERT(m.slots(slot_state::free) + m.slots(slot_state::asked) + m.slots(slot_state::in_use) == slots);
    RC_ASSERT(m.slots(slot_state::asked) == m.requests(request_state::asked));
    RC_ASSERT(m.slots(slot_state::in_use) == m.requests(request_state::served));
    RC_ASSERT(m.slots(slot_state::asked) + m.slots(slot_state::in_use) == busy);
    RC_ASSERT(m.waiting().size() == m.requests(request_state::waiting));
    for (const auto& id : wanted) {
      RC_ASSERT(m.state_of(id).has_value()); // nothing that is wanted is forgotten
    }
  }

  // When every worker has reported and refuses nothing, nobody waits for a slot that is free and fits.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      auto open = std::move(questions);
      questions.clear();
      for (const auto& [slot, id] : open) {
        if (m.slot_of(id) == slot && m.state_of(id) == request_state::asked &&
            truth[slot.worker].count(slot.slot) > 0) {
          truth[slot.worker][slot.slot].used_by = id;
          obey(m.confirmed(slot, id));
        }
      }
      for (auto& [w, list] : truth) {
        obey(m.report(w, reports(w)));
      }
    }
    std::size_t free = 0;
    for (const auto& [w, list] : truth) {
      for (const auto& [n, s] : list) {
        free += s.used_by.empty() && s.profile.at("cpu") >= 2000 ? 1 : 0; // fits whatever is asked for
      }
    }
    RC_ASSERT(free == 0u || m.waiting().empty());
    RC_ASSERT(m.requests(request_state::asked) == 0u);
  }

  std::mt19937 random;
  slot_manager m;
  std::map<node_id, std::map<std::uint32_t, slot_report>> truth;
  std::set<allocation_id> wanted;
  std::vector<std::pair<slot_ref, allocation_id>> questions;
};

} // namespace

TEST_CASE("random histories: the books agree with the workers and forget nobody") {
  CHECK(rc::check("histories", [](std::uint32_t seed) {
    history h{seed};
    for (int k = 0; k < 200; ++k) {
      h.step();
      h.check();
    }
    h.settle();
    h.check();
  }));
}
