#include "djm/value_view.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "djm/value_reader.hpp"

using namespace djm;

namespace {

value_document parsed(std::string_view text) {
  const auto document = value_document::parse(text);
  REQUIRE(document);
  return *document;
}

} // namespace

TEST_CASE("view: every kind of value answers to what it is, and to nothing else") {
  const auto document = parsed(R"({"none":null,"yes":true,"low":-9223372036854775808,"high":18446744073709551615,)"
                               R"("real":0.5,"text":"t","list":[1,[2]],"object":{"b":2,"a":1}})");
  const auto root = document.root();
  const auto at = [&](const char* name) { return root.find(name).value(); };
  CHECK(root.kind() == value_kind::object);
  CHECK(root.size() == 8);
  CHECK(at("none").is_none());
  CHECK(at("yes").as_boolean() == true);
  CHECK(at("low").as_integer() == std::numeric_limits<std::int64_t>::min());
  CHECK_FALSE(at("low").as_natural());
  CHECK(at("high").as_natural() == std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(at("high").as_integer());
  CHECK(at("high").kind() == value_kind::integer);
  CHECK(at("real").as_real() == 0.5);
  CHECK(at("real").kind() == value_kind::real);
  CHECK(at("low").as_real() == -9223372036854775808.0);
  CHECK(*at("text").as_text() == "t");
  CHECK(at("list").size() == 2);
  CHECK(at("list").element(1).element(0).as_integer() == 2);
  CHECK(at("list").element(2).is_none());
  for (const auto* name : {"none", "text", "list", "object"}) {
    CAPTURE(name);
    CHECK_FALSE(at(name).as_boolean());
    CHECK_FALSE(at(name).as_integer());
    CHECK_FALSE(at(name).as_natural());
    CHECK_FALSE(at(name).as_real());
    CHECK_FALSE(at(name).is_resolved());
  }
  CHECK(at("yes").as_text() == nullptr);
  CHECK(at("yes").size() == 0);
  CHECK_FALSE(at("yes").find("a"));
  CHECK_FALSE(root.find("absent"));
  CHECK(at("text").element(0).is_none());
  std::string names;
  at("object").each_member([&](const std::string& name, value_view x) { names += name + x.shown() + " "; });
  CHECK(names == "a1 b2 ");
  at("list").each_member([&](const std::string&, value_view) { FAIL("a list has no members"); });
  CHECK(at("list").shown() == "an array");
  CHECK(at("text").shown() == "\"t\"");
  CHECK(value_view{}.is_none());
  CHECK(value_document{}.root().is_none());
}

TEST_CASE("view: a document lives as long as one of its copies") {
  value_view root;
  value_document copy;
  {
    const auto document = parsed(R"(["here"])");
    copy = document;
    root = document.root();
  }
  CHECK(*root.element(0).as_text() == "here");
}

TEST_CASE("view: what is no well-formed JSON is refused with the reason") {
  const auto why = [](std::string_view text) {
    const auto document = value_document::parse(text);
    return document ? "accepted" : to_string(document.error());
  };
  CHECK(why("{").find("invalid_file: not well-formed JSON: parse error at line 1, column 2") == 0);
  CHECK(why(R"({"a":1,"a":2})") == "invalid_file: not well-formed JSON: key \"a\" appears twice in one object");
  CHECK(why("\"\xFF\"") == "invalid_file: not well-formed JSON: the text is not UTF-8");
}

TEST_CASE("view: a pair is an array of two, and a float holds what fits") {
  using pair = std::pair<std::string, int>;
  CHECK(*from_json_text<pair>(R"(["a", 2])") == pair{"a", 2});
  CHECK(from_json_text<pair>(R"(["a"])").error().text == "the document: an array is not an array of two");
  CHECK(from_json_text<pair>(R"(["a", "b"])").error().text == "/1: \"b\" is not an integer");
  CHECK(*from_json_text<float>("0.5") == 0.5F);
  CHECK(from_json_text<float>("1e300").error().text == "the document: 1e+300 is not a number that fits");
}
