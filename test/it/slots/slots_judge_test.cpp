#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "slots_judge.hpp"

/// What the judge of slots finds, and what it lets pass.
using namespace djm;
using namespace djm::test;

namespace {

using kind = slot_line::kind;

struct told {
  slots_story story;

  told() {
    story.gap_ms = 10'000;
    story.jobs["j"] = {0, {"a"}};
    story.until_ms = 40'000;
  }

  told& line(kind what, std::int64_t slot, std::uint32_t attempt = 1, std::int64_t token = 5) {
    slot_line x;
    x.what = what;
    x.job = job_id{"j"};
    x.item = item_id{"a"};
    x.slot = slot * 1000;
    x.at_ms = x.slot + 7;
    x.attempt = attempt;
    x.token = token;
    story.lines.push_back(x);
    return *this;
  }
  told& skipped(std::int64_t first, std::int64_t last) {
    line(kind::skipped, 0, 0);
    auto& x = story.lines.back();
    x.count = 1;
    x.first = first * 1000;
    x.last = last * 1000;
    x.text = "backlog";
    return *this;
  }
  /// A start that stands for earlier slots as well.
  told& late(std::int64_t slot, std::int64_t first, std::int64_t last) {
    line(kind::start, slot);
    auto& x = story.lines.back();
    x.count = 1;
    x.first = first * 1000;
    x.last = last * 1000;
    return *this;
  }
  told& each() { return line(kind::start, 10).line(kind::start, 20).line(kind::start, 30).line(kind::start, 40); }
  std::string findings() const {
    std::string all;
    for (const auto& f : judge_slots(story).findings) {
      all += f + "\n";
    }
    return all;
  }
};

} // namespace

TEST_CASE("the judge of slots has nothing to say where each slot starts once, or somebody tells of it") {
  CHECK(told{}.each().findings().empty());
  CHECK(told{}.line(kind::start, 10).late(40, 20, 30).findings().empty());
  CHECK(told{}.line(kind::start, 10).skipped(20, 30).line(kind::start, 40).findings().empty());
  CHECK(told{}.each().line(kind::interrupted, 20).line(kind::start, 20, 2, 6).line(kind::start, 30, 2, 7).findings() ==
        "j/a, slot 30000: attempt 1 was started by a turn that was over\n"
        "j/a, slot 40000: attempt 1 was started by a turn that was over\n");
  const auto v = judge_slots(told{}.each().line(kind::interrupted, 40).line(kind::start, 40, 2, 6).story);
  CHECK(v.findings.empty());
  CHECK(v.expected == 4);
  CHECK(v.started == 4);
  CHECK(v.starts == 5);
  CHECK(v.later_attempts == 1);
  CHECK(v.in_run == 1);
}

TEST_CASE("the judge of slots finds what is started twice, too early, by no slot, or missing") {
  CHECK(told{}.each().line(kind::start, 20).findings() == "j/a, slot 20000: attempt 1 was started 2 times\n");
  CHECK(told{}.line(kind::start, 10).line(kind::start, 20).line(kind::start, 40).findings() ==
        "j/a, slot 30000: nobody knows of it\n");
  CHECK(told{}.each().line(kind::start, 40, 3).findings() == "j/a, slot 40000: nobody knows of attempt 2\n");
  CHECK(told{}.findings() == "j: nothing of it has ever started\n");
  auto early = told{}.each();
  early.story.lines[1].at_ms = 19'999;
  CHECK(early.findings() == "j/a, slot 20000: started before it had come\n");
  auto odd = told{}.each();
  odd.line(kind::start, 33);
  CHECK(odd.findings() == "j/a: 33000 is no slot of it\n");
}

TEST_CASE("the judge of slots counts apart what a process did not live to tell") {
  // It has passed by 20 and claimed 30, and is killed before it starts that.
  auto v = judge_slots(
    told{}.line(kind::start, 10).line(kind::interrupted, 30).line(kind::start, 30, 2).line(kind::start, 40).story);
  CHECK(v.findings.empty());
  CHECK(v.untold == 1);
  CHECK(v.before_start == 1);
  // One that has started 30 had told of 20 before, if it was to be told.
  v = judge_slots(
    told{}.line(kind::start, 10).line(kind::start, 30).line(kind::interrupted, 30).line(kind::start, 40).story);
  CHECK(v.findings.size() == 1);
  CHECK(v.untold == 0);
  // Cut off before the start, and the next slot has come before another attempt.
  v = judge_slots(
    told{}.line(kind::start, 10).line(kind::interrupted, 20).line(kind::start, 30).line(kind::start, 40).story);
  CHECK(v.findings.empty());
  CHECK(v.cut_off == 1);
}

TEST_CASE("a journal of slots reads what it writes, and refuses what is no line of it") {
  slot_line x;
  x.what = kind::skipped;
  x.at_ms = 12;
  x.job = job_id{"j"};
  x.item = item_id{"a"};
  x.count = 3;
  x.first = 4;
  x.last = 5;
  x.text = "backlog";
  const auto text = to_text(x);
  const auto y = parse_slot_line(text);
  CHECK(to_text(y) == text);
  CHECK_THROWS_WITH(parse_slot_line("12 slept j a 1 1 1 0 0 0 -"),
                    "not a line of a journal of slots: \"12 slept j a 1 1 1 0 0 0 -\"");
  CHECK_THROWS(parse_slot_line("12 start j"));
}
