#include <doctest/doctest.h>

#include "actors/node/pool_sight.hpp"

TEST_CASE("pool sight: what a keeper sees first is no news, nor what another one says once more") {
  djm::pool_sight sight;
  CHECK_FALSE(sight.is_news(7));
  CHECK_FALSE(sight.is_news(7));
  CHECK(sight.is_news(9));
  CHECK_FALSE(sight.is_news(9));
}

TEST_CASE("pool sight: what changed while a keeper was replaced is news") {
  djm::pool_sight sight;
  CHECK_FALSE(sight.is_news(7));
  CHECK(sight.is_news(8)); // the first word of the next keeper
}
