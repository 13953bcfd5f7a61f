// What is refused, and what is said then.
#include <doctest/doctest.h>

#include "djm/calendar.hpp"

using namespace djm;

namespace {

struct refusal {
  const char* expression;
  /// Field and value as they stand in the text.
  const char* place;
  const char* rule;
  const char* hint;
};

constexpr refusal refusals[] = {
  {"", "expression \"\"", "no fields", "write minute, hour"},
  {"  \t ", "expression \"\"", "no fields", "write minute, hour"},
  {"* * *", "expression \"3 fields\"", "5, 6 or 7 fields", "the second"},
  {"* * * * * * * *", "expression \"8 fields\"", "5, 6 or 7 fields", "the year"},
  {"60 * * * *", "minute \"60\"", "60 is not from 0 to 59", "minutes are from 0 to 59"},
  {"99999999999999999999 * * * *", "minute \"99999999999999999999\"", "is not from 0 to 59", "minutes"},
  {"60 * * * * *", "second \"60\"", "60 is not from 0 to 59", "seconds are from 0 to 59"},
  {"* 24 * * *", "hour \"24\"", "24 is not from 0 to 23", "midnight is hour 0"},
  {"* 0-24 * * *", "hour \"0-24\"", "24 is not from 0 to 23", "midnight is hour 0"},
  {"* * 0 * *", "day of month \"0\"", "0 is not from 1 to 31", "is L"},
  {"* * 32 * *", "day of month \"32\"", "32 is not from 1 to 31", "days of a month"},
  {"* * * 0 *", "month \"0\"", "0 is not from 1 to 12", "months are from 1 to 12"},
  {"* * * 13 *", "month \"13\"", "13 is not from 1 to 12", "months are from 1 to 12"},
  {"* * * * 8", "day of week \"8\"", "8 is not from 0 to 7", "0 and 7: Sunday"},
  {"0 0 0 1 1 * 1969", "year \"1969\"", "1969 is not from 1970 to 2099", "years are"},
  {"0 0 0 1 1 * 2100", "year \"2100\"", "2100 is not from 1970 to 2099", "years are"},
  {"* 22-2 * * *", "hour \"22-2\"", "does not go backward", "write 22-23,0-2"},
  {"55-5 * * * *", "minute \"55-5\"", "does not go backward", "write 55-59,0-5"},
  {"* * * * FRI-TUE", "day of week \"FRI-TUE\"", "does not go backward", "write FRI-6,0-TUE"},
  {"* * * * 7-2", "day of week \"7-2\"", "does not go backward", "write 7-6,0-2"},
  {"* * * nov-mar *", "month \"NOV-MAR\"", "does not go backward", "write NOV-12,1-MAR"},
  {"* 22-2/2 * * *", "hour \"22-2/2\"", "does not go backward", "list the values"},
  {"0 0 0 1 1 * 2030-2020", "year \"2030-2020\"", "does not go backward", "write 2020-2030"},
  {"*/0 * * * *", "minute \"*/0\"", "a step of 0", "from 1 on"},
  {"5-10/0 * * * *", "minute \"5-10/0\"", "a step of 0", "from 1 on"},
  {"*/60 * * * *", "minute \"*/60\"", "at most 59", "smaller step"},
  {"* */24 * * *", "hour \"*/24\"", "at most 23", "smaller step"},
  {"* * 1/32 * *", "day of month \"1/32\"", "at most 31", "smaller step"},
  {"* * * */13 *", "month \"*/13\"", "at most 12", "smaller step"},
  {"* * * * */8", "day of week \"*/8\"", "at most 7", "smaller step"},
  {"*/ * * * *", "minute \"*/\"", "is no number", "*/15"},
  {"*/a * * * *", "minute \"*/A\"", "is no number", "*/15"},
  {"1/2/3 * * * *", "minute \"1/2/3\"", "is no number", "5/15"},
  {"/15 * * * *", "minute \"/15\"", "a number is missing", "write lists of"},
  {"1,,2 * * * *", "minute \"1,,2\"", "an empty part", "comma"},
  {"1, * * * *", "minute \"1,\"", "an empty part", "comma"},
  {",1 * * * *", "minute \",1\"", "an empty part", "comma"},
  {"*,5 * * * *", "minute \"*,5\"", "stands alone", "write * alone"},
  {"0 0 *,5 * *", "day of month \"*,5\"", "stands alone", "write * alone"},
  {"? * * * *", "minute \"?\"", "stands alone", "write * alone"},
  {"0 0 1,? * *", "day of month \"1,?\"", "stands alone", "write * alone"},
  {"-5 * * * *", "minute \"-5\"", "a number is missing", "write lists of"},
  {"5- * * * *", "minute \"5-\"", "a number is missing", "write lists of"},
  {"1-2-3 * * * *", "minute \"1-2-3\"", "\"2-3\" is no number", "write lists of"},
  {"** * * * *", "minute \"**\"", "\"**\" is no number", "write lists of"},
  {"*5 * * * *", "minute \"*5\"", "is no number", "write lists of"},
  {"1e1 * * * *", "minute \"1E1\"", "is no number", "write lists of"},
  {"\xef\xbc\x95 * * * *", "minute \"\xef\xbc\x95\"", "is no number", "write lists of"},
  {"\x1b[0m * * * *", "minute \"\\", "is no number", "write lists of"},
  {"MON * * * *", "minute \"MON\"", "is no number", "write lists of"},
  {"* * * JANUARY *", "month \"JANUARY\"", "three letters", "write JAN"},
  {"* * * * tues", "day of week \"TUES\"", "three letters", "write TUE"},
  {"* * * FOO *", "month \"FOO\"", "is no number and no name", "names are JAN to DEC"},
  {"* * * * JAN", "day of week \"JAN\"", "is no number and no name", "names are SUN to SAT"},
  {"* * * * mon-", "day of week \"MON-\"", "is missing", "names are SUN to SAT"},
  {"* * L- * *", "day of month \"L-\"", "from 1 to 30", "L-3 for three"},
  {"* * L-0 * *", "day of month \"L-0\"", "from 1 to 30", "write L for"},
  {"* * L-0W * *", "day of month \"L-0W\"", "from 1 to 30", "write L for"},
  {"* * L-31 * *", "day of month \"L-31\"", "from 1 to 30", "write L for"},
  {"* * W15 * *", "day of month \"W15\"", "is no number", "15W"},
  {"* * W * *", "day of month \"W\"", "is no number", "15W"},
  {"* * 1-5W * *", "day of month \"1-5W\"", "one day of the month", "15W"},
  {"* * 32W * *", "day of month \"32W\"", "32 is not from 1 to 31", "days of a month"},
  {"* * LW-1 * *", "day of month \"LW-1\"", "is no number", "LW"},
  {"* * 1-L * *", "day of month \"1-L\"", "\"L\" is no number", "L-3"},
  {"* * * * L", "day of week \"L\"", "stands behind a day", "5L"},
  {"* * * * L5", "day of week \"L5\"", "is no number and no name", "5L"},
  {"* * * * 15W", "day of week \"15W\"", "is no number and no name", "5L"},
  {"* * * * FRI#0", "day of week \"FRI#0\"", "not from 1 to 5", "FRI#2"},
  {"* * * * FRI#6", "day of week \"FRI#6\"", "not from 1 to 5", "FRI#2"},
  {"* * * * FRI#", "day of week \"FRI#\"", "not from 1 to 5", "FRI#2"},
  {"* * * * MON-FRI#1", "day of week \"MON-FRI#1\"", "is no number and no name", "FRI#2"},
  {"* * * * 8L", "day of week \"8L\"", "8 is not from 0 to 7", "Sunday"},
  {"* * * * 7/2", "day of week \"7/2\"", "lies behind it", "write 0"},
  {"0 12 1 * +", "day of week \"+\"", "nothing stands behind +", "+MON"},
  {"0 0 1 * MON,+TUE", "day of week \"+TUE\"", "is no number and no name", "in front of all"},
  {"0 +12 * * *", "hour \"+12\"", "is no number", "write lists of"},
  {"0 0 */2 * MON", "day of month \"*/2\"", "a step on * beside a restricted day of week", "+MON"},
  {"0 0 1 * */2", "day of week \"*/2\"", "a step on * beside a restricted day of month", "0-6/2"},
  {"0 0 */2 * 0-6", "day of month \"*/2\"", "a step on * beside", "1-31/2"},
  {"0 0 30 2 *", "day of month \"30 in month 2\"", "no year has such a date", "the month that is too short"},
  {"0 0 31 2,4,6,9,11 *", "day of month \"31 in month 2,4,6,9,11\"", "no year has such a date", "L for the last day"},
  {"0 0 31W 4 *", "day of month \"31W in month 4\"", "no year has such a date", "L for the last day"},
  {"0 0 L-30 2 *", "day of month \"L-30 in month 2\"", "no year has such a date", "too short"},
  {"0 0 31 2 +MON", "day of month \"31 in month 2 on +MON\"", "no year has such a date", "too short"},
  {"0 0 0 29 2 * 2023", "day of month \"29 in month 2\"", "none of the years 2023", "too short"},
  {"0 0 0 29 2 +MON 2024", "day of month \"29 in month 2 on +MON\"", "none of the years 2024", "too short"},
  {"@reboot", "expression \"@reboot\"", "no macro", "@hourly"},
  {"@every 5m", "expression \"@every\"", "no macro", "aligned"},
  {"@daily x", "expression \"@daily\"", "no macro", "@hourly"},
  {"CRON_TZ=", "zone \"CRON_TZ=\"", "no name of a time zone", "CRON_TZ=Europe/Berlin"},
  {"CRON_TZ=../x 0 0 * * *", "zone \"CRON_TZ=../x\"", "no name of a time zone", "CRON_TZ=Europe/Berlin"},
  {"CRON_TZ=UTC", "expression \"\"", "no fields", "write minute, hour"},
  {"CRON_TZ=UTC @never", "expression \"@never\"", "no macro", "@hourly"},
  {"TZ=\x1b[0m 0 9 * * *", "zone \"TZ=", "behind CRON_TZ=", "write CRON_TZ=Europe/Berlin"},
  {"TZ=Asia/Tokyo 0 9 * * *", "zone \"TZ=Asia/Tokyo\"", "behind CRON_TZ=", "write CRON_TZ=Asia/Tokyo"},
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("calendar: a refusal names the field, its value, the rule and a hint") {
  for (const auto& r : refusals) {
    const auto ok = cron(r.expression).check();
    CAPTURE(r.expression);
    REQUIRE_FALSE(ok);
    const auto& text = ok.error().text;
    CAPTURE(text);
    CHECK(ok.error().code == errc::invalid_schedule);
    CHECK(has(text, std::string{": "} + r.place));
    const auto semicolon = text.rfind("; ");
    REQUIRE(semicolon != text.npos);
    CHECK(has(text.substr(0, semicolon) + text.substr(semicolon), r.rule));
    CHECK(has(text, r.hint));
    CHECK(text.rfind("cron expression ", 0) == 0);
  }
}

TEST_CASE("calendar: what a hint says is accepted") {
  for (const auto* expression :
       {"* 22-23,0-2 * * *", "55-59,0-5 * * * *", "* * * * FRI-6,0-TUE", "* * * NOV-12,1-MAR *",
        "0 0 0 1 1 * 2020-2030", "0 0 */2 * +MON", "0 0 1-31/2 * MON", "0 0 1 * 0-6/2", "* * * * 5L",
        "* * 15W,LW,L-3W,L,L-3 * *", "CRON_TZ=Europe/Berlin 0 9 * * *", "* * * * MON,FRI#2,5L,FRI#L",
        "10-40/15,5/15,*/15 * * * *"}) {
    CAPTURE(expression);
    CHECK(cron(expression).check());
  }
}

TEST_CASE("calendar: a long or long-winded expression is refused with a short text") {
  const auto ok = cron(std::string(100'000, '*')).check();
  REQUIRE_FALSE(ok);
  CHECK(has(ok.error().text, "at most 1000 bytes"));
  CHECK(ok.error().text.size() < 1000);
  const auto list = cron(std::string(900, ',') + " * * * *").check();
  REQUIRE_FALSE(list);
  CHECK(list.error().text.size() < 1000);
}

TEST_CASE("calendar: blanks and tabs between, before and behind fields mean nothing") {
  CHECK(cron("\t 5  4\t*  * * ") == cron("5 4 * * *"));
  CHECK_FALSE(cron("5\n4 * * *").check());
}
