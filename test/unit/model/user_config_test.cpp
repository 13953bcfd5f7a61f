#include "djm/user_config.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "djm/ids.hpp"
#include "djm/json.hpp"
#include "djm/text.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

enum class colour : std::uint8_t { red, green };
constexpr auto enum_names(colour) {
  return name_enum("colour", "red", "green");
}

struct mail {
  int batch = 100;
  any_duration pause = 1s;
  colour paint = colour::red;
  std::vector<item_ref> boxes;
  std::optional<int> limit;
};

template <class V>
auto fields(V&& v, mail& x) {
  return v("mail", field("batch", x.batch).range(1, 1000), field("pause", x.pause), field("paint", x.paint),
           field("boxes", x.boxes), field("limit", x.limit));
}

user_config parsed(std::string_view json) {
  const auto c = user_config::parse(json);
  REQUIRE_MESSAGE(c, (c ? "" : c.error().text));
  return *c;
}

template <class T>
std::string why(const expected<T>& x) {
  return x ? "accepted" : to_string(x.error());
}

std::string why_not(std::string_view json) {
  return why(user_config::parse(json));
}

} // namespace

TEST_CASE("config: what is not there is nothing, what is of another type is an error with name, value and rule") {
  const auto c = parsed(R"({"batch": 20, "name": "eu", "none": null, "list": [1, "x"]})");
  CHECK(c.get<int>("batch").value() == 20);
  CHECK(c.get<double>("batch").value() == 20.0);
  CHECK_FALSE(c.get<int>("absent").value());
  CHECK_FALSE(c.get<int>("none").value());
  CHECK(c.get<std::optional<int>>("none").value().has_value());
  CHECK_FALSE(c.get<std::optional<int>>("none").value().value());
  CHECK(why(c.get<int>("name")) == "invalid_config: /name: \"eu\" is not an integer");
  CHECK(why(c.get<std::uint8_t>("batch")) == "accepted");
  CHECK(why(c.get<duration>("batch")) ==
        "invalid_config: /batch: 20 has no unit; a duration is a text such as \"10s\" or \"250ms\"");
  CHECK(why(c.get<std::vector<int>>("list")) == "invalid_config: /list/1: \"x\" is not an integer");
  CHECK(why(c.get<colour>("name")) == "invalid_config: /name: \"eu\" is not one of red, green");
  CHECK(c.contains("none"));
  CHECK_FALSE(c.contains("absent"));
  CHECK(c.names() == std::vector<std::string>{"batch", "list", "name", "none"});
}

TEST_CASE("config: an empty one is like any other") {
  const user_config none;
  CHECK(none.to_json() == "{}");
  CHECK(none.empty());
  CHECK(none == parsed(" { } "));
  CHECK(none.hash() == parsed("{}").hash());
  CHECK(none.names().empty());
  CHECK(none.references().empty());
  CHECK(none.to_texts().empty());
  CHECK(none.view().kind() == value_kind::object);
  CHECK(none.as<mail>()->batch == 100);
  CHECK(none.without("x") == none);
  CHECK(none.merged(none).value() == none);
  auto taken = parsed(R"({"a":1})");
  const auto other = std::move(taken);
  CHECK(taken == none); // NOLINT(bugprone-use-after-move): what was moved from is empty
  CHECK(other.names().size() == 1);
}

TEST_CASE("config: a struct goes in and comes out, and what it does not know survives") {
  mail x;
  x.batch = 20;
  x.pause = 90s;
  x.paint = colour::green;
  x.boxes = {{"mail", "eu"}};
  const auto c = user_config::of(x);
  REQUIRE(c);
  CHECK(c->to_json() ==
        R"({"batch":20,"boxes":[{"item":"eu","job":"mail"}],"limit":null,"paint":"green","pause":"90s"})");
  CHECK(to_json_text(c->as<mail>().value()) == to_json_text(x));
  const auto later = c->with("of_a_later_version", true).value();
  CHECK(later.as<mail>()->batch == 20);
  CHECK(later.with("batch", 21)->contains("of_a_later_version"));
  CHECK(to_text(*c).find("\"batch\" = 20") != std::string::npos);
}

TEST_CASE("config: ranges hold when a struct goes in, and when it comes out") {
  mail x;
  x.batch = 0;
  x.paint = static_cast<colour>(9);
  CHECK(why(user_config::of(x)) ==
        "invalid_config: /batch: 0 is not from 1 to 1000; /paint: colour(9) is not one of red, green");
  CHECK(why(user_config{}.with("mail", x)).find("invalid_config: /mail/batch: 0 is not from 1 to 1000; ") == 0);
  CHECK(why(parsed(R"({"batch": 1001, "paint": "blue"})").as<mail>()) ==
        "invalid_config: /batch: 1001 is not from 1 to 1000; /paint: \"blue\" is not one of red, green");
  CHECK(why(parsed(R"({"mail": {"batch": 1001}})").get<mail>("mail")) ==
        "invalid_config: /mail/batch: 1001 is not from 1 to 1000");
}

TEST_CASE("config: text that is no configuration is refused with the reason") {
  CHECK(why_not("").find("invalid_config: the configuration is not well-formed JSON: parse error") == 0);
  CHECK(why_not("{").find("invalid_config: the configuration is not well-formed JSON: parse error") == 0);
  CHECK(why_not("[1]") == "invalid_config: the document: an array is not an object");
  CHECK(why_not("null") == "invalid_config: the document: null is not an object");
  CHECK(why_not(R"({"a":1,"a":2})") ==
        "invalid_config: the configuration is not well-formed JSON: key \"a\" appears twice in one object");
  CHECK(why_not(R"({"a":{"b":1,"b":2}})").find("key \"b\" appears twice") != std::string::npos);
  CHECK(why_not("{\"a\":\"\xFF\"}").find("the text is not UTF-8") != std::string::npos);
  CHECK(why_not(R"({"a":"\ud800"})").find("not well-formed JSON") != std::string::npos);
  const auto nested = [](std::size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK(why_not(nested(64)) == "accepted");
  CHECK(why_not(nested(65)).find("arrays and objects nest deeper than 64 at byte") != std::string::npos);
  CHECK(why_not(R"({"a":1} x)").find("parse error") != std::string::npos);
  CHECK(why_not(R"({"a":NaN})").find("parse error") != std::string::npos);
}

TEST_CASE("config: numbers that do not fit are refused, never rounded") {
  CHECK(why_not(R"({"a":18446744073709551615,"b":-9223372036854775808})") == "accepted");
  CHECK(why_not(R"({"a":18446744073709551616})") ==
        "invalid_config: the integer \"18446744073709551616\" does not fit into 64 bits");
  CHECK(why_not(R"({"a":[{"b":-9223372036854775809}]})") ==
        "invalid_config: the integer \"-9223372036854775809\" does not fit into 64 bits");
  CHECK(why_not(R"({"99999999999999999999":"\"99999999999999999999", "b":true})") == "accepted");
  CHECK(why_not(R"({"a":1e400})").find("number overflow") != std::string::npos);
  CHECK(why_not(R"({"a":123456789012345678901234567890.0})") == "accepted");
  for (const double x : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(why(user_config{}.with("a", x)).find("is not a finite number") != std::string::npos);
  }
}

TEST_CASE("config: names follow the rule of ids, keys within a value are free") {
  for (const auto* name : {"a", "A.b_c-9", "..."}) {
    CHECK_MESSAGE(user_config{}.with(name, 1), name);
  }
  const std::string rule = ": the name breaks the rule: letters, digits, \".\", \"_\" and \"-\" only, 1 to 120 "
                           "characters, not \".\" or \"..\"";
  CHECK(why(user_config{}.with("a b", 1)) == "invalid_config: /a b" + rule);
  CHECK(why(user_config{}.with("", 1)) == "invalid_config: /" + rule);
  CHECK(why(user_config{}.with("..", 1)) == "invalid_config: /.." + rule);
  CHECK(why_not(R"({"a/b":1,"c":2,"\n":3})") == "invalid_config: /\\n" + rule + "; /a~1b" + rule);
  CHECK(why(user_config::from_texts({{"\xFF", ""}})).find("invalid_config: ") == 0);
  CHECK(why_not(R"({"a":{"any key / at all":{"":1}}})") == "accepted");
  CHECK(user_config{}.with(std::string(120, 'n'), 1));
  CHECK_FALSE(user_config{}.with(std::string(121, 'n'), 1));
}

TEST_CASE("config: bytes that are not UTF-8 are refused, data that is no text has a type of its own") {
  CHECK(why(user_config{}.with("a", std::string{"\xFF"})) == "invalid_config: /a: \"\\xff\" is not UTF-8");
  CHECK(why(user_config{}.with("a", std::map<std::string, int>{{"\xFF", 1}})) ==
        "invalid_config: /a: the key \"\\xff\" is not UTF-8");
  const bytes data{{0, 255, 128}};
  CHECK(user_config{}.with("a", data)->get<bytes>("a").value() == data);
  CHECK(why(user_config{}.with("a", wall_time::max())) ==
        "invalid_config: /a: a time is not within the years 0000 to 9999");
}

TEST_CASE("config: 64 KiB of JSON fit, one byte more is refused with size and limit") {
  const auto filled = [](std::size_t size) { return R"({"a":")" + std::string(size - 8, 'x') + R"("})"; };
  const auto most = parsed(filled(max_config_size));
  CHECK(most.to_json().size() == max_config_size);
  const std::string refusal = "too_large: the document: the configuration has 65537 bytes; at most 65536 are allowed";
  CHECK(why_not(filled(max_config_size + 1)) == refusal);
  CHECK(why(user_config{}.with("a", std::string(max_config_size + 1 - 8, 'x'))) == refusal);
  CHECK(why(most.with("b", 1)).find("too_large: ") == 0);
  CHECK(why(most.merged(parsed(R"({"b":1})"))).find("too_large: ") == 0);
  CHECK(why_not(R"({"a":1})" + std::string(100'000, ' ')) == "accepted"); // white space is no part of it
  CHECK(why_not(R"({"a":1})" + std::string(1U << 20, ' ')).find("too_large: the text has 1048583 bytes") == 0);
}

TEST_CASE("config: texts stay texts, and everything can be had as texts") {
  const std::map<std::string, std::string> texts{{"a", "12"}, {"b", "true"}, {"c", ""}, {"d", "\"q\""}};
  const auto c = user_config::from_texts(texts);
  REQUIRE(c);
  CHECK(c->get<std::string>("a").value() == "12");
  CHECK(why(c->get<int>("a")) == "invalid_config: /a: \"12\" is not an integer");
  CHECK(c->to_texts() == texts);
  CHECK(parsed(R"({"a":12,"b":[1,{"c":null}],"t":"x"})").to_texts() ==
        std::map<std::string, std::string>{{"a", "12"}, {"b", R"([1,{"c":null}])"}, {"t", "x"}});
}

TEST_CASE("config: equal numbers are equal however they are written") {
  const auto one = [](const char* number) { return parsed(R"({"a":)" + std::string{number} + "}").to_json(); };
  for (const auto* number : {"1", "1.0", "1e0", "10e-1", "0.1e1"}) {
    CHECK(one(number) == R"({"a":1})");
  }
  CHECK(one("-0") == R"({"a":0})");
  CHECK(one("-0.0") == R"({"a":0})");
  CHECK(one("1e5") == one("100000"));
  CHECK(one("1e19") == one("10000000000000000000"));
  CHECK(one("-9223372036854775808.0") == R"({"a":-9223372036854775808})");
  CHECK(one("18446744073709551616.0") == R"({"a":1.8446744073709552e+19})"); // 2^64 is a double
  CHECK(one("0.10") == R"({"a":0.1})");
  CHECK(one("1e300") == R"({"a":1e+300})");
}

TEST_CASE("config: the hash is the same in every process and in every version") {
  CHECK(user_config{}.hash() == 0x08f44b07b5901a25U);
  CHECK(parsed(R"({"b": 1.0, "a": "x"})").to_json() == R"({"a":"x","b":1})");
  CHECK(parsed(R"({"b": 1.0, "a": "x"})").hash() == parsed(R"({"a":"x","b":1})").hash());
  CHECK(parsed(R"({"a":1})").hash() != parsed(R"({"a":2})").hash());
}

TEST_CASE("config: one configuration may stand within another, and in any value with fields") {
  const auto inner = parsed(R"({"x":1,"s":"${env:A}"})");
  const auto outer = user_config{}.with("inner", inner);
  REQUIRE(outer);
  CHECK(outer->to_json() == R"({"inner":{"s":"${env:A}","x":1}})");
  CHECK(outer->get<user_config>("inner").value() == inner);
  const auto broken = from_json_text<user_config>(R"({"a b": 1})");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text.find("/a b: the name breaks the rule") == 0);
  CHECK(from_json_text<user_config>("12").error().text == "the document: 12 is not an object");
}
