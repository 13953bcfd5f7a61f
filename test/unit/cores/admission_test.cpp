#include <doctest/doctest.h>

#include "actors/node/admission.hpp"

namespace djm {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST_CASE("admission: a question has a size and a time within its limits") {
  bytes largest;
  largest.data.resize(max_question_size);
  CHECK(check_question(milliseconds{1}, {}));
  CHECK(check_question(minutes{10}, largest));
  for (const duration never : {duration{milliseconds{1}} - duration{1}, duration{minutes{10}} + duration{1}}) {
    const auto refused = check_question(never, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::invalid_config);
  }
  largest.data.resize(max_question_size + 1);
  const auto refused = check_question(minutes{1}, largest);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::too_large);
}

TEST_CASE("admission: a history has from 1 to 10,000 lines") {
  get_history m;
  for (const auto good : {1u, 10'000u}) {
    m.limit = good;
    CHECK(check_history(m));
  }
  for (const auto bad : {0u, 10'001u}) {
    m.limit = bad;
    const auto refused = check_history(m);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::invalid_config);
  }
}

} // namespace djm
