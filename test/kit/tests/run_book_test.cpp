#include <doctest/doctest.h>

#include "test/kit/run_book.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// One job, written down in seconds.
struct book : run_book {
  void begin(host h, run_id run, std::initializer_list<item_id> items, int s) {
    std::vector<work_item> held;
    for (const auto& i : items) {
      held.push_back({i, 1});
    }
    began(h, node_id{"n" + std::to_string(h)}, run, "mail", std::move(held), std::chrono::seconds{s});
  }
  void end(host h, run_id run, int s) { ended(h, run, run_end::returned, {}, std::chrono::seconds{s}); }
  std::vector<std::string> doubles(int now, bool paused = false) const {
    std::vector<std::string> result;
    for (const auto& d : double_runs(std::chrono::seconds{now})) {
      if (d.of_paused == paused) {
        result.push_back(to_string(d.what));
      }
    }
    return result;
  }
};

} // namespace

TEST_CASE("runs of one item that overlap are found, with what they had in common") {
  book b;
  b.begin(0, 1, {"a", "b"}, 1);
  b.begin(1, 1, {"b", "c"}, 3);
  b.end(0, 1, 5);
  b.end(1, 1, 8);
  CHECK(b.doubles(9) ==
        std::vector<std::string>{
          "mail/b ran twice from 3.000s to 5.000s: run 1 of mail on n0 {a, b}: began at 1.000s, returned "
          "at 5.000s; run 1 of mail on n1 {b, c}: began at 3.000s, returned at 8.000s"});
}

TEST_CASE("runs that follow each other at one moment do not overlap, in whichever order they are told they do") {
  book b;
  b.begin(0, 1, {"a"}, 1);
  b.end(0, 1, 5);
  b.begin(1, 1, {"a"}, 5);
  CHECK(b.doubles(9).empty());
  book other;
  other.begin(0, 1, {"a"}, 1);
  other.begin(1, 1, {"a"}, 5);
  other.end(0, 1, 5);
  CHECK(other.doubles(9).size() == 1);
}

TEST_CASE("every pair is found, also on one node, also while both go on") {
  book b;
  b.begin(0, 1, {"a"}, 1);
  b.begin(0, 2, {"a"}, 2);
  b.begin(1, 1, {"a"}, 3);
  CHECK(b.doubles(9).size() == 3);
  CHECK(b.doubles(9).front().find("from 2.000s on") != std::string::npos);
}

TEST_CASE("a crash ends the runs of its node alone") {
  book b;
  b.begin(0, 1, {"a"}, 1);
  b.begin(1, 1, {"b"}, 1);
  b.crashed(0, 2s);
  b.begin(2, 1, {"a", "b"}, 3);
  CHECK(b.doubles(9).size() == 1);
  CHECK(b.all()[0].how == run_end::crashed);
  CHECK(b.all()[1].how == run_end::running);
}

TEST_CASE("a paused node's runs are excused until their grace after the resume is over") {
  book b;
  b.begin(0, 1, {"a"}, 1);
  b.paused(0, 2s);
  b.begin(1, 1, {"a"}, 10);
  CHECK(b.doubles(11).empty());
  CHECK(b.doubles(11, true).size() == 1);
  b.resumed(0, 20s, 2s);
  CHECK(b.doubles(21).empty());
  SUBCASE("obedient") {
    b.end(0, 1, 22);
    CHECK(b.doubles(60).empty());
    CHECK(b.doubles(60, true).size() == 1);
  }
  SUBCASE("stubborn") {
    CHECK(b.doubles(23).size() == 1);
    b.end(0, 1, 30);
    CHECK(b.doubles(60).size() == 1);
    CHECK(b.doubles(60, true).empty());
  }
}

TEST_CASE("a pause before the run, or after the other one began, excuses nothing") {
  book b;
  b.paused(0, 0s);
  b.resumed(0, 1s, 100s);
  b.begin(0, 1, {"a"}, 2);
  b.begin(1, 1, {"a"}, 3);
  b.paused(0, 4s);
  CHECK(b.doubles(9).size() == 1);
}

TEST_CASE("the first request to stop is the one that is kept") {
  book b;
  b.begin(0, 1, {"a"}, 1);
  b.stop_asked(0, 1, stop_reason::revoked, 2s);
  b.stop_asked(0, 1, stop_reason::shutdown, 3s);
  CHECK(to_string(b.all().front()) ==
        "run 1 of mail on n0 {a}: began at 1.000s, asked to stop at 2.000s (revoked), still running");
}
