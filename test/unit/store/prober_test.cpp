#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "zkstore/session/prober.hpp"

// The enumeration of answers and the library share a name.
namespace prop = ::rc;

namespace djm::store {

namespace {

using std::chrono::milliseconds;

TEST_CASE("prober: contact is always the latest success that another one followed a third of the timeout later") {
  const bool ok = prop::check("contact", [] {
    const duration timeout = milliseconds{*prop::gen::inRange(3, 3000)};
    const auto interval = timeout / 3;
    prober p;
    time_point now{std::chrono::seconds{50}};
    p.start("/alive/w", timeout, now);
    op_id_t id = 0;
    std::map<op_id_t, time_point> sent;
    std::set<time_point> successes;
    std::optional<time_point> expected;
    for (int step = 0; step < 60; ++step) {
      now += milliseconds{*prop::gen::inRange(0, 1200)};
      if (*p.due() <= now && p.take_turn(now)) {
        p.sent(++id, now);
        sent[id] = now;
        RC_ASSERT(sent.size() <= prober::max_outstanding);
      }
      if (sent.empty() || *prop::gen::inRange(0, 2) == 0) {
        continue;
      }
      // Completions may come late and in any order.
      auto i =
        std::next(sent.begin(), *prop::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(sent.size())));
      const auto code = *prop::gen::weightedElement<rc>({{6, rc::ok}, {2, rc::connection_loss}, {1, rc::no_node}});
      const auto before = expected;
      if (code == rc::ok) {
        successes.insert(i->second);
        for (const auto q : successes) {
          if (*successes.rbegin() - q >= interval && (!expected || q > *expected)) {
            expected = q;
          }
        }
      } else if (code == rc::no_node) {
        successes.clear();
      }
      const auto verdict = p.answered(i->first, code);
      sent.erase(i);
      RC_ASSERT(p.contact() == expected);
      RC_ASSERT((verdict == prober::verdict::contact) == (expected != before));
      RC_ASSERT((verdict == prober::verdict::gone) == (code == rc::no_node));
      // Never later than what another success proves.
      RC_ASSERT((!expected || *expected + interval <= now));
    }
  });
  CHECK(ok);
}

TEST_CASE("prober: answers to probes of an earlier start are ignored") {
  prober p;
  const time_point t{};
  p.start("/a", milliseconds{300}, t);
  REQUIRE(p.take_turn(t));
  p.sent(1, t);
  p.start("/a", milliseconds{300}, t + milliseconds{10});
  CHECK(p.answered(1, rc::ok) == prober::verdict::nothing);
  REQUIRE(p.take_turn(t + milliseconds{200}));
  p.sent(2, t + milliseconds{200});
  CHECK(p.answered(2, rc::ok) == prober::verdict::nothing);
  CHECK_FALSE(p.contact());
}

TEST_CASE("prober: an absurdly small timeout does not make it spin") {
  prober p;
  const time_point t{};
  p.start("/a", duration{1}, t);
  REQUIRE(p.take_turn(t));
  CHECK(*p.due() >= t + milliseconds{1});
}

} // namespace

} // namespace djm::store
