#include <doctest/doctest.h>

#include "actors/node/record_sight.hpp"

namespace djm {

namespace {

followed_job record_of(std::int64_t rev, bool rules = true) {
  followed_job f;
  f.job = "j";
  f.rev = rev;
  f.rules = rules;
  return f;
}

} // namespace

TEST_CASE("record sight: another revision is news, and another ruler, but not what one more keeper says once more") {
  record_sight sight;
  CHECK_FALSE(sight.last());
  CHECK(sight.is_news(record_of(1)));
  sight.keep(record_of(1));
  CHECK_FALSE(sight.is_news(record_of(1)));
  CHECK(sight.is_news(record_of(2)));
  CHECK(sight.is_news(record_of(1, false)));
  sight.forget();
  CHECK_FALSE(sight.last());
  CHECK(sight.is_news(record_of(1)));
}

TEST_CASE("record sight: a runner in the place of another hears all but the triggers") {
  record_sight sight;
  auto triggered = record_of(3);
  triggered.triggers = 2;
  sight.keep(triggered);
  REQUIRE(sight.last());
  CHECK(sight.last()->rev == 3);
  CHECK(sight.last()->triggers == 0);
}

} // namespace djm
