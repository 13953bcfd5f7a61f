#include "actors/common/open_problems.hpp"

#include <doctest/doctest.h>

#include "test/unit/cores/show.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;

namespace {

struct book {
  std::string take() {
    std::string text;
    for (const auto& e : out) {
      text += (text.empty() ? "" : "; ") + show(e);
    }
    out.clear();
    return text;
  }
  std::string fail(seconds at) {
    problems.failing("counting", "no fingers", time_point{} + at, out);
    return take();
  }

  std::vector<emit_effect> out;
  open_problems problems{"part"};
};

} // namespace

TEST_CASE("open problems: what is over is told once") {
  book b;
  b.problems.tell("x", {errc::internal, "broken"}, b.out);
  CHECK(b.take().find("broken") != std::string::npos);
  CHECK(b.problems.latest() == "broken");
  b.problems.over("x", b.out);
  CHECK(b.take().find("problem_over(component=\"part\", about=\"x\")") != std::string::npos);
  b.problems.over("x", b.out);
  CHECK(b.take() == "");
  CHECK(b.problems.latest() == "");
}

TEST_CASE("open problems: the latest that goes on is shown, whichever has ended") {
  book b;
  b.problems.tell("x", {errc::internal, "first"}, b.out);
  b.problems.tell("y", {errc::internal, "second"}, b.out);
  CHECK(b.problems.latest() == "second");
  b.problems.over("y", b.out);
  CHECK(b.problems.latest() == "first");
  b.problems.over_if([](const std::string& about) { return about == "x"; }, b.out);
  CHECK(b.problems.empty());
}

TEST_CASE("open problems: what is tried in vain for long is told, until it works") {
  book b;
  CHECK(b.fail(seconds{0}) == "");
  CHECK(b.fail(seconds{10}) == "");
  CHECK(b.fail(seconds{29}) == "");
  CHECK(b.fail(seconds{31}).find("counting has not worked for longer than 30s, it goes on trying: no fingers") !=
        std::string::npos);
  CHECK(b.fail(seconds{36}) != ""); // so that it is counted
  b.problems.works("counting", b.out);
  CHECK(b.take().find("problem_over(component=\"part\", about=\"counting\")") != std::string::npos);
  CHECK(b.fail(seconds{40}) == "");
  b.problems.works("counting", b.out);
  CHECK(b.take() == "");
}

TEST_CASE("open problems: what fails now and then is no problem") {
  book b;
  for (int i = 0; i < 20; ++i) {
    CHECK(b.fail(std::chrono::hours{i}) == "");
  }
}
