#include "actors/node/log_limiter.hpp"
#include "test/unit/cores/show.hpp"

#include <doctest/doctest.h>

using namespace djm;
using djm::test::at;
using std::chrono::seconds;

TEST_CASE("log limiter: of what repeats some lines are written, the others counted and told") {
  log_limiter l;
  int said = 0;
  for (int i = 0; i < 5000; ++i) {
    said += l.may_say("failed run", "mail", at(1)) ? 1 : 0;
  }
  CHECK(said == 10);
  CHECK(l.may_say("failed run", "other", at(2))); // another job's lines
  CHECK(l.may_say("overrun", "mail", at(3)));     // another kind
  CHECK(l.wake_at() == at(61));
  CHECK(l.due(at(60)).empty());
  const auto told = l.due(at(61));
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == "failed run");
  CHECK(told[0].job == "mail");
  CHECK(told[0].lines == 4990);
  CHECK(l.may_say("failed run", "mail", at(61)));
  CHECK(l.due(at(200)).empty());
  CHECK_FALSE(l.wake_at());
}
