#include "djm/json.hpp"

#include <set>
#include <string>
#include <variant>

#include <doctest/doctest.h>

#include "djm/text.hpp"
#include "djm/value_reader.hpp"
#include "model/json_parse.hpp"
#include "model/value_access.hpp"
#include "test/unit/model/all_types.hpp"
#include "test/unit/model/field_gen.hpp"

using namespace djm;
using djm::testing::alphabet;
using djm::testing::draw;
using djm::testing::draw_index;
using djm::testing::holds;

namespace {

template <class T>
std::string full_json(const T& x) {
  json_sink sink{-1, json_sink::secrets::shown};
  write_value(sink, x);
  return sink.take();
}

template <class T>
expected<T> from_json(const std::string& text, unknown_keys policy = unknown_keys::refused) {
  const auto document = impl::parse_json(text);
  if (!document) {
    return fail(errc::invalid_file, document.error());
  }
  value_reader reader{policy};
  T result{};
  reader.read(impl::value_access::view(*document), result);
  if (!reader.complaints().empty()) {
    return fail(errc::invalid_config, reader.complaints().summary());
  }
  return result;
}

struct numbers {
  std::uint8_t small = 1;
  std::int64_t large = 2;
  std::uint64_t huge = 3;
  std::int32_t medium = 4;
};
DJM_FIELDS(numbers, small, large, huge, medium)

struct other {
  bool flag = false;
  double ratio = 0;
  std::optional<std::int32_t> maybe;
  std::vector<numbers> list;
  std::map<std::string, numbers> by_name;
  wall_time at{};
  time_point due{};
  std::variant<numbers, item_ref> either;
};
DJM_FIELDS(other, flag, ratio, maybe, list, by_name, at, due, either)

std::string complaint_about(const std::string& text) {
  const auto result = from_json<other>(text);
  return result ? "accepted" : result.error().text;
}

} // namespace

TEST_CASE_TEMPLATE("JSON that is written can be read and gives the same value", T, DJM_PUBLIC_TYPES, DJM_STORE_TYPES) {
  CHECK(holds([]() -> std::string {
    const auto x = draw<T>(alphabet::utf8);
    const auto json = full_json(x);
    const auto y = from_json<T>(json);
    if (!y) {
      return json + " is refused: " + y.error().text;
    }
    return full_json(*y) == json ? "" : json + " became " + full_json(*y);
  }));
}

template <class T>
std::string named_json(std::set<std::string>& names) {
  const auto alone = to_json_text(T{});
  const auto told = to_json_text(node_event{"n", 1, T{}});
  const auto type = alone.substr(0, alone.find_first_of(",}"));
  if (type.compare(0, 9, "{\"type\":\"") != 0) {
    return alone + " has no type";
  }
  if (told.find("\"what\":" + type) == std::string::npos) {
    return told + " has not the type of " + alone;
  }
  return names.insert(type).second ? "" : alone + " has the name of another";
}

template <class... Ts>
std::string nameless(std::variant<Ts...>*) {
  std::set<std::string> names;
  std::string all;
  ((all += named_json<Ts>(names)), ...);
  return all;
}

TEST_CASE("JSON of every kind of event says which it is, alone and within its envelope") {
  CHECK(nameless(static_cast<event*>(nullptr)) == "");
}

TEST_CASE_TEMPLATE("JSON of any bytes is well-formed", T, cluster_view, store::read_result, node_config) {
  CHECK(holds([]() -> std::string {
    const auto x = draw<T>(alphabet::bytes);
    const bool ok = impl::parse_json(to_json_text(x)) && impl::parse_json(to_json_text(x, 2));
    return ok ? "" : "not well-formed: " + to_json_text(x);
  }));
}

TEST_CASE("JSON reads well") {
  other x;
  x.ratio = 0.1;
  x.by_name["a"].small = 7;
  x.at = wall_time{std::chrono::milliseconds{1'000'000'000'123}};
  x.due = time_point{std::chrono::milliseconds{1500}};
  x.either = item_ref{"mail", "eu"};
  CHECK(to_json_text(x) == R"({"flag":false,"ratio":0.1,"maybe":null,"list":[],)"
                           R"("by_name":{"a":{"small":7,"large":2,"huge":3,"medium":4}},)"
                           R"("at":"2001-09-09T01:46:40.123Z","due":"1500ms",)"
                           R"("either":{"type":"item_ref","job":"mail","item":"eu"}})");
  CHECK(to_json_text(item_ref{"mail", "eu"}, 2) == "{\n  \"job\": \"mail\",\n  \"item\": \"eu\"\n}");
  CHECK(to_json_text(std::vector<int>{}, 2) == "[]");
  CHECK(to_json_text(std::numeric_limits<double>::infinity()) == "null");
  CHECK(to_json_text(std::string{"a\"\\\n\x01\x7F\xC3\xA9\xFF"}) ==
        "\"a\\\"\\\\\\n\\u0001\\u007f\xC3\xA9\xEF\xBF\xBD\"");
  const auto back = from_json<other>(to_json_text(x));
  REQUIRE(back);
  CHECK(to_text(*back) == to_text(x));
}

TEST_CASE("secrets appear neither in JSON nor in text") {
  node_config c;
  c.store.digest = "user:hunter2";
  CHECK(to_json_text(c).find("hunter2") == std::string::npos);
  CHECK(to_json_text(c).find(R"("digest":"***")") != std::string::npos);
  CHECK(to_text(c).find("hunter2") == std::string::npos);
  CHECK(to_text(c).find("digest=\"***\"") != std::string::npos);
  c.store.digest.clear();
  CHECK(to_json_text(c).find(R"("digest":"")") != std::string::npos);
  const auto refused = from_json<node_config>(R"({"store": {"digest": 31337}})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == "/store/digest: a secret value is not a text");
}

TEST_CASE("numbers that do not fit are refused with their range") {
  CHECK(from_json<numbers>(R"({"small":255,"large":-9223372036854775808,"huge":18446744073709551615})"));
  CHECK(complaint_about(R"({"list":[{"small":256}]})") == "/list/0/small: 256 is not an integer from 0 to 255");
  CHECK(complaint_about(R"({"list":[{"small":-1}]})") == "/list/0/small: -1 is not an integer from 0 to 255");
  CHECK(complaint_about(R"({"list":[{"large":9223372036854775808}]})") ==
        "/list/0/large: 9223372036854775808 is not an integer from -9223372036854775808 to 9223372036854775807");
  CHECK(complaint_about(R"({"list":[{"huge":18446744073709551616}]})") ==
        "/list/0/huge: 1.8446744073709552e+19 is not an integer");
  CHECK(complaint_about(R"({"list":[{"medium":1.0}]})") == "/list/0/medium: 1.0 is not an integer");
  CHECK(complaint_about(R"({"list":[{"medium":true}]})") == "/list/0/medium: true is not an integer");
  CHECK(complaint_about(R"({"ratio":1e999})").find("number overflow") != std::string::npos);
}

TEST_CASE("values of the wrong type are named with place and rule") {
  CHECK(complaint_about("[]") == "the document: [] is not an object");
  CHECK(complaint_about(R"({"flag":0})") == "/flag: 0 is not true or false");
  CHECK(complaint_about(R"({"ratio":"x"})") == "/ratio: \"x\" is not a number");
  CHECK(complaint_about(R"({"list":{}})") == "/list: {} is not an array");
  CHECK(complaint_about(R"({"by_name":[1]})") == "/by_name: an array is not an object");
  CHECK(complaint_about(R"({"by_name":{"a/b~c":1}})") == "/by_name/a~1b~0c: 1 is not an object");
  CHECK(complaint_about(R"({"at":"yesterday"})").find("/at: time \"yesterday\" is not UTC") == 0);
  CHECK(complaint_about(R"({"due":5})") == "/due: 5 has no unit; a duration is a text such as \"10s\" or \"250ms\"");
  CHECK(complaint_about(R"({"due":"5 s"})").find("/due: duration \"5 s\" is not an integer followed by") == 0);
  CHECK(complaint_about(R"({"either":{"type":"x"}})") ==
        "/either: \"x\" is not an object whose \"type\" is one of numbers, item_ref");
  CHECK(complaint_about(R"({"either":{"small":1}})").find("is not an object whose \"type\" is one of") !=
        std::string::npos);
  const auto mode = from_json<job_spec>(R"({"mode":"many","on_new_items":3})");
  REQUIRE_FALSE(mode);
  CHECK(mode.error().text == "/mode: \"many\" is not one of single_thread, thread_per_item, custom; "
                             "/on_new_items: 3 is not one of next_run, own_run, restart");
}

TEST_CASE("unknown keys are refused with a suggestion, or ignored, as the reader wishes") {
  CHECK(complaint_about(R"({"flagg":true})") == "/flagg: unknown key; did you mean \"flag\"?");
  CHECK(complaint_about(R"({"completely_else":true})") == "/completely_else: unknown key");
  CHECK(complaint_about(R"({"either":{"type":"item_ref","jobs":"x"}})") ==
        "/either/jobs: unknown key; did you mean \"job\"?");
  CHECK(from_json<other>(R"({"flagg":true})", unknown_keys::ignored));
}

TEST_CASE("all complaints come at once, up to a limit") {
  CHECK(complaint_about(R"({"flag":1,"ratio":"x"})") == "/flag: 1 is not true or false; /ratio: \"x\" is not a number");
  std::string many = "{\"list\":[0";
  for (int i = 0; i < 100'000; ++i) {
    many += ",0";
  }
  const auto text = complaint_about(many + "]}");
  CHECK(text.size() < 2000);
  CHECK(text.find("; and possibly more") != std::string::npos);
}

TEST_CASE("text that is not JSON is refused, never crashes the reader") {
  const auto why = [](std::string_view text, impl::duplicate_keys k = impl::duplicate_keys::last_wins) {
    const auto result = impl::parse_json(text, k);
    return result ? "accepted" : result.error();
  };
  CHECK(why("{").find("parse error at line 1, column 2") == 0);
  CHECK(why("").find("parse error") == 0);
  CHECK(why("{\"a\":1} x").find("parse error") == 0);
  CHECK(why("{\"a\": \"\xFF\"}") == "the text is not UTF-8");
  CHECK(why(std::string(64, '[') + std::string(64, ']')) == "accepted");
  CHECK(why(std::string(65, '[') + std::string(65, ']')) == "arrays and objects nest deeper than 64 at byte 64");
  CHECK(why(std::string(1'000'000, '[')).find("nest deeper") != std::string::npos);
  CHECK(why("\"" + std::string(1000, '[') + "\"") == "accepted");
  CHECK(why("\"\\\"" + std::string(1000, '[') + "\"") == "accepted");
  CHECK(why(R"({"a":1,"a":2})") == "accepted");
  CHECK(why(R"({"a":{"b":1,"b":2}})", impl::duplicate_keys::refused) == "key \"b\" appears twice in one object");
  CHECK(why(R"({"a":{"b":1},"c":{"b":2}})", impl::duplicate_keys::refused) == "accepted");
  CHECK(holds([&why]() -> std::string {
    constexpr std::string_view letters{"{}[]\":,1e-\\un \xC3\0", 17};
    std::string text;
    for (auto n = draw_index(30); n > 0; --n) {
      text += letters[draw_index(letters.size())];
    }
    return why(text).empty() ? "no reason given" : "";
  }));
}
