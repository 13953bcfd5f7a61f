#include <doctest/doctest.h>

#include "test/sim/turns.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

namespace {

struct hall {
  turns t;
  std::vector<std::string> complaints;
  turns::complaint say = [this](std::string text) { complaints.push_back(std::move(text)); };

  hall() { t.expect("j", 5s); }
  void told(duration at, const event& what) { t.told(1, what, time_point{at}, say); }
  void granted(duration at) { told(at, items_granted{"j", {{"x", 1}}}); }
  void started(duration at, run_id run) { told(at, run_started{"j", run, {{"x", 1}}}); }
};

} // namespace

TEST_CASE("turns: an item that is held and in no run for too long is a complaint, unless that was said") {
  hall a;
  a.granted(0s);
  a.t.check(time_point{5s}, a.say);
  CHECK(a.complaints.empty());
  a.t.check(time_point{6s}, a.say);
  CHECK(a.complaints.size() == 1);

  hall b;
  b.granted(0s);
  b.told(4s, item_starved{"j", {"x"}, false});
  b.t.check(time_point{60s}, b.say);
  b.started(61s, 1);
  CHECK(b.complaints.empty());
  b.told(62s, run_finished{"j", 1, 1s});
  b.t.check(time_point{68s}, b.say);
  CHECK(b.complaints.size() == 1);

  hall late;
  late.granted(0s);
  late.started(6s, 1);
  CHECK(late.complaints.size() == 1);
}

TEST_CASE("turns: a node that was told to stop owes its items no run, also while the store keeps it waiting") {
  hall c;
  c.granted(0s);
  c.t.stops(1);
  c.granted(1s);
  c.t.check(time_point{60s}, c.say);
  c.told(61s, items_revoked{"j", {"x"}, stop_reason::shutdown});
  CHECK(c.complaints.empty());
  c.t.gone(1); // another life of it
  c.granted(100s);
  c.t.check(time_point{160s}, c.say);
  CHECK(c.complaints.size() == 1);
}

TEST_CASE("turns: what could not start, is in a run, or was taken away, does not wait") {
  hall c;
  c.granted(0s);
  c.t.anew(1, time_point{4s});
  c.started(8s, 1);
  c.t.check(time_point{60s}, c.say);
  c.told(61s, items_revoked{"j", {"x"}, stop_reason::revoked});
  c.told(62s, run_finished{"j", 1, 1s});
  c.t.check(time_point{99s}, c.say);
  c.granted(100s);
  c.t.gone(1);
  c.t.check(time_point{199s}, c.say);
  c.told(200s, items_granted{"other", {{"x", 1}}});
  c.t.check(time_point{299s}, c.say);
  CHECK(c.complaints.empty());
}

TEST_CASE("turns: the books of a part that is rebuilt are void, until its successor says what it holds") {
  const problem rebuilt{"runner of job \"j\"", {errc::internal, "runner of job \"j\" failed and is rebuilt: bad luck"}};
  hall c;
  c.granted(0s);
  c.told(1s, rebuilt);
  c.t.check(time_point{60s}, c.say);
  c.granted(60s);
  c.started(61s, 1);
  c.told(62s, rebuilt); // the run goes on
  c.granted(62s);
  c.t.check(time_point{99s}, c.say);
  CHECK(c.complaints.empty());
  c.told(100s, run_finished{"j", 1, 1s});
  c.t.check(time_point{106s}, c.say);
  CHECK(c.complaints.size() == 1);
}

TEST_CASE("turns: an item that is given back to its node waits from the end of the run that it was in all the time") {
  hall c;
  c.granted(0s);
  c.started(1s, 1);
  c.told(2s, items_revoked{"j", {"x"}, stop_reason::revoked});
  c.granted(3s);
  c.t.check(time_point{60s}, c.say);
  c.told(60s, run_finished{"j", 1, 1s});
  c.t.check(time_point{65s}, c.say);
  CHECK(c.complaints.empty());
  c.t.check(time_point{66s}, c.say);
  CHECK(c.complaints.size() == 1);
}

TEST_CASE("turns: a second start for one moment of the grid is a complaint, where clocks agree") {
  hall c;
  c.t.expect_rhythm("j", 10s, 3s);
  const auto begin = [&](turns::host h, duration wall, duration error = 0s) {
    c.t.began(h, "j", {{"x", 1}}, wall, error, c.say);
  };
  begin(1, 103s);
  begin(2, 113s);
  begin(1, 129s); // late for 123
  begin(1, 133s);
  CHECK(c.complaints.empty());
  begin(2, 134s);
  CHECK(c.complaints.size() == 1);
  begin(1, 133s, -2s);
  CHECK(c.complaints.size() == 1);
}
