#include <doctest/doctest.h>

#include "actors/common/core.hpp"

using namespace djm;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const store::rejected too_large{{errc::too_large, "too large"}, true};
const store::rejected full{{errc::too_large, "a quota is full"}};

} // namespace

TEST_CASE("batch size: less after a refusal by size, down to a least; as much as before some time later") {
  time_point now{seconds{1000}};
  batch_size b{200};
  b.refused(too_large, now);
  CHECK(b.now() == 100);
  for (int i = 0; i < 10; ++i) {
    b.refused(too_large, now);
  }
  CHECK(b.now() == 20);
  b.worked(now + minutes{2});
  CHECK(b.now() == 20); // refused for so long anyway
  for (std::size_t expected : {40u, 80u, 160u, 200u, 200u}) {
    now += minutes{2} + seconds{1};
    b.worked(now);
    CHECK(b.now() == expected);
    b.worked(now);
    CHECK(b.now() == expected);
  }
}

TEST_CASE("batch size: what size does not cure changes nothing, and the least is never above the most") {
  batch_size b{10};
  b.refused(full, {});
  CHECK(b.now() == 10);
  b.refused(too_large, {});
  CHECK(b.now() == 10);
  batch_size one{100, 1};
  for (int i = 0; i < 10; ++i) {
    one.refused(too_large, {});
  }
  CHECK(one.now() == 1);
}
