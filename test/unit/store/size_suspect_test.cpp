#include "zkstore/session/size_suspect.hpp"

#include <doctest/doctest.h>

using namespace djm;
using namespace djm::store;
using std::chrono::seconds;

namespace {

struct scene {
  size_suspect s;
  time_point now{seconds{1000}};

  std::optional<size_suspect::verdict> breaks_with(std::size_t bytes) {
    s.lost("/big", bytes);
    s.lost("/small", 100);
    now += seconds{1};
    return s.connected(now);
  }
};

} // namespace

TEST_CASE("size suspect: three breaks with a large transaction under way are a verdict, told once") {
  scene x;
  CHECK_FALSE(x.breaks_with(20'000));
  CHECK_FALSE(x.breaks_with(30'000));
  CHECK(x.s.refuses(20'000, x.now) == nullptr);
  const auto v = x.breaks_with(20'000);
  REQUIRE(v);
  CHECK(v->path == "/big");
  CHECK(v->bytes == 20'000);
  CHECK(x.s.refuses(20'000, x.now) != nullptr);
  CHECK(x.s.refuses(19'999, x.now) == nullptr);
  // A break within the pause is of one that was under way, and nobody is told again.
  CHECK_FALSE(x.breaks_with(20'000));
  REQUIRE(x.s.due());
  CHECK_FALSE(x.s.pause_ends(*x.s.due() - djm::duration{1}));
  // After the pause it is over, and one try decides.
  x.now = *x.s.due();
  CHECK(x.s.refuses(20'000, x.now) == nullptr);
  CHECK(x.s.pause_ends(x.now));
  CHECK_FALSE(x.s.pause_ends(x.now));
  CHECK_FALSE(x.s.due());
  CHECK(x.breaks_with(20'000));
  CHECK(x.s.refuses(20'000, x.now) != nullptr);
}

TEST_CASE("size suspect: an answer to one as large ends the suspicion, one to a smaller one does not") {
  scene x;
  x.breaks_with(20'000);
  x.breaks_with(20'000);
  CHECK_FALSE(x.s.answered(19'999));
  CHECK(x.breaks_with(20'000));
  CHECK(x.s.answered(20'000));
  CHECK(x.s.refuses(20'000, x.now) == nullptr);
  CHECK_FALSE(x.breaks_with(20'000));
  CHECK_FALSE(x.breaks_with(20'000));
  CHECK(x.breaks_with(20'000));
}

TEST_CASE("size suspect: one break with something smaller under way is no verdict on that") {
  scene x;
  for (int i = 0; i < 3; ++i) {
    x.breaks_with(20'000);
  }
  x.now += seconds{90};
  CHECK(x.s.pause_ends(x.now));
  CHECK_FALSE(x.breaks_with(9'000));
  CHECK(x.s.refuses(20'000, x.now) == nullptr);
  CHECK_FALSE(x.breaks_with(9'000));
  CHECK(x.breaks_with(9'000));
  CHECK(x.s.refuses(9'000, x.now) != nullptr);
}

TEST_CASE("size suspect: breaks that are far apart are not added up") {
  scene x;
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(x.breaks_with(20'000));
    x.now += 11 * size_suspect::pause;
  }
}

TEST_CASE("size suspect: a bad network is no verdict on small transactions, nor one break with many under way") {
  scene x;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(x.breaks_with(size_suspect::never_below - 1));
  }
  for (int i = 0; i < 100; ++i) {
    x.s.lost("/many", 50'000);
  }
  CHECK_FALSE(x.s.connected(x.now));
}
