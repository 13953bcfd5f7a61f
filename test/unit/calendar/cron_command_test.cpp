#include "tools/cron/cron_command.hpp"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

using djm::tool::cron_next_command;

namespace {

struct result {
  int code;
  std::string out;
  std::string err;
};

result run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const auto code = cron_next_command(arguments, out, err);
  return {code, out.str(), err.str()};
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("djm cron next: slots in the wall time of the zone, one a line") {
  const auto r = run({"30 2 * * *", "--zone", "Europe/Berlin", "--from", "2026-03-28T00:00:00Z", "--count", "2"});
  CHECK(r.code == 0);
  CHECK(r.out == "2026-03-28T02:30:00+01:00\n2026-03-29T03:00:00+02:00\n");
  CHECK(r.err.empty());
}

TEST_CASE("djm cron next: five slots from now on in UTC, without options") {
  const auto r = run({"* * * * *"});
  CHECK(r.code == 0);
  CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 5);
  CHECK(has(r.out, ":00+00:00\n"));
}

TEST_CASE("djm cron next: options may stand before the expression, which may begin with a dash") {
  CHECK(run({"--count", "1", "--from", "2026-01-01T00:00:00Z", "@daily"}).out == "2026-01-02T00:00:00+00:00\n");
  CHECK(run({"-5 * * * *"}).code == 2);
}

TEST_CASE("djm cron next: the zone of the expression wins") {
  CHECK(
    run({"CRON_TZ=Asia/Tokyo 0 9 * * *", "--zone", "Europe/Berlin", "--from", "2026-01-01T00:00:00Z", "--count", "1"})
      .out == "2026-01-02T09:00:00+09:00\n");
}

TEST_CASE("djm cron next: the rule for changed clocks may be chosen") {
  const auto next = [](const char* rule) {
    return run(
             {"30 2 * * *", "--zone", "Europe/Berlin", "--from", "2026-03-28T12:00:00Z", "--count", "1", "--dst", rule})
      .out;
  };
  CHECK(next("cron") == "2026-03-29T03:00:00+02:00\n");
  CHECK(next("literal") == "2026-03-30T02:30:00+02:00\n");
  CHECK(next("once") == "2026-03-29T03:00:00+02:00\n");
  CHECK(next("skip+first") == "2026-03-30T02:30:00+02:00\n");
}

TEST_CASE("djm cron next: nothing and exit code 3 when nothing comes, fewer lines when fewer come") {
  const auto never = run({"0 0 0 1 1 * 2020", "--from", "2026-01-01T00:00:00Z"});
  CHECK(never.code == 3);
  CHECK(never.out.empty());
  CHECK(never.err.empty());
  CHECK(run({"0 0 0 1 1 * 2027", "--from", "2026-01-01T00:00:00Z"}).out == "2027-01-01T00:00:00+00:00\n");
}

TEST_CASE("djm cron next: exit code 2 and the reason when something is refused") {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
    {{"61 * * * *"}, "minute \"61\""},
    {{""}, "no fields"},
    {{"* * * * *", "--zone", "Mars/Olympus"}, "Mars/Olympus"},
    {{"* * * * *", "--zone", "../passwd"}, "../passwd"},
    {{"CRON_TZ=Mars/Olympus * * * * *"}, "Mars/Olympus"},
    {{"* * * * *", "--dst", "never"}, "never"},
    {{"* * * * *", "--from", "yesterday"}, "yesterday"},
    {{"* * * * *", "--count", "0"}, "--count"},
    {{"* * * * *", "--count", "x"}, "--count"},
    {{"* * * * *", "--count", "100001"}, "--count"},
    {{"* * * * *", "--zone", "Europe/Berlin", "--zones", "/nowhere"}, "/nowhere"},
  };
  for (const auto& [arguments, why] : cases) {
    const auto r = run(arguments);
    const auto& logged = why;
    CAPTURE(logged);
    CHECK(r.code == 2);
    CHECK(r.out.empty());
    CHECK_MESSAGE(has(r.err, why), r.err);
  }
}

TEST_CASE("djm cron next: exit code 1 and how to use it for a wrong command line") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
         {}, {"--count", "1"}, {"* * * * *", "more"}, {"* * * * *", "--zone"}, {"* * * * *", "--unknown", "x"}}) {
    const auto r = run(arguments);
    CHECK(r.code == 1);
    CHECK(has(r.err, "usage: djm cron next"));
  }
}
