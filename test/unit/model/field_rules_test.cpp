// Ranges and documentation in field lists: what reads a value holds to them, what is there already is checked, and they
// can be listed.
#include "djm/field_rules.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "djm/describe_fields.hpp"
#include "djm/log.hpp"
#include "djm/value_reader.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

struct inner {
  double ratio = 0.5;
  std::uint64_t count = 7;
};

template <class V>
auto fields(V&& v, inner& x) {
  return v("inner", field("ratio", x.ratio).range(0, 1).doc("share of the load"), field("count", x.count));
}

struct outer {
  int batch = 100;
  std::uint8_t small = 1;
  any_duration pause = 1s;
  std::optional<int> limit;
  optional_duration patience;
  std::chrono::minutes window{5};
  std::string name = "n";
  std::string password;
  log_level level = log_level::info;
  inner one;
  std::vector<inner> list;
  std::map<std::string, inner> by_name;
  std::optional<inner> maybe;
  std::vector<int> numbers;
};

template <class V>
auto fields(V&& v, outer& x) {
  return v("outer", field("batch", x.batch).range(1, 1000).doc("messages in one run"), field("small", x.small),
           field("pause", x.pause).range(250ms, 1h), field("limit", x.limit).range(-5, 5),
           field("patience", x.patience).range(1s, 1min), field("window", x.window).range(1min, 2h),
           field("name", x.name), secret_field("password", x.password).doc("of the mail server"),
           field("level", x.level), field("one", x.one), field("list", x.list), field("by_name", x.by_name),
           field("maybe", x.maybe), field("numbers", x.numbers));
}

/// A type that holds itself.
struct branch {
  int length = 1;
  std::vector<branch> branches;
};
DJM_FIELDS(branch, length, branches)

std::string complaint_about(const std::string& json) {
  const auto x = from_json_text<outer>(json);
  return x ? "accepted" : x.error().text;
}

template <class Change>
std::string checked(Change change) {
  outer x;
  change(x);
  const auto ok = check_fields(x);
  return ok ? "accepted" : ok.error().text;
}

} // namespace

TEST_CASE("fields: a reader refuses what is out of range, with pointer, value and range") {
  CHECK(complaint_about(R"({"batch": 1})") == "accepted");
  CHECK(complaint_about(R"({"batch": 1000})") == "accepted");
  CHECK(complaint_about(R"({"batch": 0})") == "/batch: 0 is not from 1 to 1000");
  CHECK(complaint_about(R"({"batch": 1001})") == "/batch: 1001 is not from 1 to 1000");
  CHECK(complaint_about(R"({"batch": 3000000000})") ==
        "/batch: 3000000000 is not an integer from -2147483648 to 2147483647");
  CHECK(complaint_about(R"({"batch": "x"})") == "/batch: \"x\" is not an integer");
  CHECK(complaint_about(R"({"pause": "250ms"})") == "accepted");
  CHECK(complaint_about(R"({"pause": "249999us"})") == "/pause: \"249999us\" is not from 250ms to 1h");
  CHECK(complaint_about(R"({"limit": null, "patience": null})") == "accepted");
  CHECK(complaint_about(R"({"limit": 6})") == "/limit: 6 is not from -5 to 5");
  CHECK(complaint_about(R"({"patience": "2min"})") == "/patience: \"2min\" is not from 1s to 1min");
  CHECK(complaint_about(R"({"one": {"ratio": 1.5}})") == "/one/ratio: 1.5 is not from 0 to 1");
  CHECK(
    complaint_about(R"({"list": [{}, {"ratio": -0.5}], "by_name": {"a/b": {"ratio": 2}}, "maybe": {"ratio": 3}})") ==
    "/list/1/ratio: -0.5 is not from 0 to 1; /by_name/a~1b/ratio: 2 is not from 0 to 1; "
    "/maybe/ratio: 3 is not from 0 to 1");
}

TEST_CASE("fields: a duration of a coarser unit takes whole multiples alone") {
  CHECK(complaint_about(R"({"window": "120s"})") == "accepted");
  CHECK(from_json_text<outer>(R"({"window": "120s"})")->window == 2min);
  CHECK(complaint_about(R"({"window": "90s"})") == "/window: \"90s\" is not a multiple of 1min");
  CHECK(complaint_about(R"({"window": "3h"})") == "/window: \"3h\" is not from 1min to 2h");
  CHECK(from_json_text<std::chrono::duration<double>>(R"("1500ms")")->count() == 1.5);
  CHECK_FALSE(from_json_text<std::chrono::duration<std::int32_t>>(R"("3000000000s")"));
}

TEST_CASE("fields: an object that is there is checked with the words of the reader") {
  CHECK(checked([](outer&) {}) == "accepted");
  CHECK(checked([](outer& x) { x.batch = 0; }) == "/batch: 0 is not from 1 to 1000");
  CHECK(checked([](outer& x) { x.pause = 249999us; }) == "/pause: \"249999us\" is not from 250ms to 1h");
  CHECK(checked([](outer& x) { x.limit = 6; }) == "/limit: 6 is not from -5 to 5");
  CHECK(checked([](outer& x) { x.patience = 2min; }) == "/patience: \"2min\" is not from 1s to 1min");
  CHECK(checked([](outer& x) { x.window = 3h; }) == "/window: \"3h\" is not from 1min to 2h");
  CHECK(checked([](outer& x) { x.one.ratio = 1.5; }) == "/one/ratio: 1.5 is not from 0 to 1");
  CHECK(checked([](outer& x) { x.one.ratio = std::nan(""); }) == "/one/ratio: nan is not from 0 to 1");
  CHECK(checked([](outer& x) { x.level = static_cast<log_level>(77); }).find("/level: log_level(77) is not one of ") ==
        0);
  CHECK(checked([](outer& x) {
          x.list = {{}, {-0.5, 0}};
          x.by_name["a/b"].ratio = 2;
          x.maybe.emplace().ratio = 3;
        }) == "/list/1/ratio: -0.5 is not from 0 to 1; /by_name/a~1b/ratio: 2 is not from 0 to 1; "
              "/maybe/ratio: 3 is not from 0 to 1");
}

TEST_CASE("fields: checking an object and reading it from JSON say the same") {
  for (const int batch : {-1, 0, 1, 1000, 1001}) {
    for (const auto pause : {0ms, 249ms, 250ms, 3'600'000ms, 3'600'001ms}) {
      for (const std::optional<int> limit : {std::optional<int>{}, std::optional{-6}, std::optional{5}}) {
        outer x;
        x.batch = batch;
        x.pause = pause;
        x.limit = limit;
        const auto present = check_fields(x);
        const auto read = from_json_text<outer>(to_json_text(x));
        REQUIRE(present.has_value() == read.has_value());
        if (!present) {
          CHECK(present.error() == read.error());
        }
      }
    }
  }
}

TEST_CASE("fields: a struct can be described for help texts") {
  std::map<std::string, field_description> all;
  std::string order;
  for (const auto& x : describe_fields<outer>()) {
    all[x.name] = x;
    order += x.name + " ";
  }
  CHECK(order == "batch small pause limit patience window name password level one.ratio one.count list list[].ratio "
                 "list[].count by_name by_name.*.ratio by_name.*.count maybe maybe.ratio maybe.count numbers ");
  CHECK(all["batch"] == field_description{"batch", "integer", "100", "1 to 1000", "messages in one run", false, false});
  CHECK(all["small"] == field_description{"small", "integer", "1", "0 to 255", "", false, false});
  CHECK(all["pause"] == field_description{"pause", "duration", "\"1s\"", "250ms to 1h", "", false, false});
  CHECK(all["limit"] == field_description{"limit", "integer", "null", "-5 to 5", "", false, true});
  CHECK(all["name"] == field_description{"name", "text", "\"n\"", "", "", false, false});
  CHECK(all["password"] == field_description{"password", "text", "", "", "of the mail server", true, false});
  CHECK(all["level"].type == "word");
  CHECK(all["level"].range.find("info") != std::string::npos);
  CHECK(all["one.ratio"] ==
        field_description{"one.ratio", "number", "0.5", "0 to 1", "share of the load", false, false});
  CHECK(all["list"].type == "list of object");
  CHECK(all["by_name"].type == "map of object");
  CHECK(all["numbers"].range == "-2147483648 to 2147483647");
  CHECK(to_json_text(all["limit"]) == R"({"name":"limit","type":"integer","default_value":"null","range":"-5 to 5",)"
                                      R"("text":"","secret":false,"optional":true})");
}

TEST_CASE("fields: a type that holds itself is described to some depth") {
  const auto all = describe_fields<branch>();
  CHECK(all.size() == 18); // two members on each of nine levels
  CHECK(all.front().name == "length");
  CHECK(all[2].name == "branches[].length");
}
