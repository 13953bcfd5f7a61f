#include "djm/ids.hpp"

#include <map>
#include <set>
#include <sstream>
#include <type_traits>
#include <unordered_map>

#include <doctest/doctest.h>

#include "djm/json.hpp"
#include "djm/text.hpp"

using namespace djm;

namespace {

template <class A, class B, class = void>
constexpr bool has_equality = false;
template <class A, class B>
constexpr bool has_equality<A, B, std::void_t<decltype(std::declval<A>() == std::declval<B>())>> = true;

template <class A, class B, class = void>
constexpr bool has_inequality = false;
template <class A, class B>
constexpr bool has_inequality<A, B, std::void_t<decltype(std::declval<A>() != std::declval<B>())>> = true;

template <class A, class B, class = void>
constexpr bool has_order = false;
template <class A, class B>
constexpr bool has_order<A, B, std::void_t<decltype(std::declval<A>() < std::declval<B>())>> = true;

// Whether the compiler lets an `A` in where a `B` is meant, in any way there is.
template <class A, class B>
constexpr bool mixes = std::is_convertible_v<A, B> || std::is_constructible_v<B, A> || std::is_assignable_v<B&, A> ||
                       has_equality<A, B> || has_inequality<A, B> || has_order<A, B>;

static_assert(!mixes<node_id, job_id> && !mixes<node_id, item_id>);
static_assert(!mixes<job_id, node_id> && !mixes<job_id, item_id>);
static_assert(!mixes<item_id, node_id> && !mixes<item_id, job_id>);
static_assert(!mixes<const job_id&, item_id> && !mixes<job_id&, item_id> && !mixes<const node_id&, item_id>);
static_assert(mixes<job_id, job_id> && mixes<const job_id&, job_id>, "or what is above says nothing");

// A text becomes an id only where that is said.
template <class Text>
constexpr bool must_be_said =
  !std::is_convertible_v<Text, job_id> && std::is_constructible_v<job_id, Text> && !std::is_assignable_v<job_id&, Text>;

static_assert(must_be_said<std::string> && must_be_said<const std::string&> && must_be_said<std::string_view> &&
              must_be_said<const char*>);
static_assert(std::is_convertible_v<const char (&)[5], job_id>, "a literal does by itself");
static_assert(std::is_convertible_v<job_id, const std::string&> && std::is_convertible_v<job_id, std::string_view>);
static_assert(!std::is_constructible_v<job_id, int> && !std::is_constructible_v<job_id, std::nullptr_t>);
static_assert(is_id<node_id> && is_id<job_id> && is_id<item_id> && !is_id<std::string>);

} // namespace

TEST_CASE("ids of letters, digits, dots, underscores and dashes are valid up to 120 characters") {
  for (const auto* id :
       {"a", "Z", "0", "_", "-", "...", "a.b", ".a", "a.", "node-1.example.com", "A_b-9", "..a", "-."}) {
    CHECK_MESSAGE(is_valid_id(id), id);
  }
  CHECK(is_valid_id(std::string(119, 'x')));
  CHECK(is_valid_id(std::string(120, 'x')));
}

TEST_CASE("everything else is no id") {
  for (const auto* id :
       {"",     ".",    "..",  " ",        "a b",          "a/b",  "/a", "a\\b", "a:b", "a\tb", "a\n", "\x01",
        "\x7F", "a\"b", "a,b", "\xC3\xA9", "\xE2\x82\xAC", "\xFF", "a*", "a%20", "@",   "[",    "`",   "{"}) {
    CHECK_FALSE_MESSAGE(is_valid_id(id), id);
  }
  CHECK_FALSE(is_valid_id(std::string(121, 'x')));
  CHECK_FALSE(is_valid_id(std::string_view{"a\0b", 3}));
  CHECK_FALSE(is_valid_id(std::string_view{"\0", 1}));
}

TEST_CASE("every single byte is an id or not by the rule") {
  const std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  for (int c = 0; c < 256; ++c) {
    const char letter = static_cast<char>(c);
    CAPTURE(c);
    CHECK(is_valid_id(std::string{'x', letter}) == (allowed.find(letter) != std::string_view::npos));
  }
}

TEST_CASE("the error for a bad id names kind, value and rule") {
  CHECK(check_id(id_kind::node, "n1"));
  const auto rule = std::string{" breaks the rule: letters, digits, \".\", \"_\" and \"-\" only, 1 to 120 characters, "
                                "not \".\" or \"..\""};
  const auto complaint = [](id_kind kind, std::string_view id) {
    const auto result = check_id(kind, id);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == errc::invalid_id);
    return result.error().text;
  };
  CHECK(complaint(id_kind::node, "a/b") == "node id \"a/b\"" + rule);
  CHECK(complaint(id_kind::job, "") == "job id \"\"" + rule);
  CHECK(complaint(id_kind::item, "..") == "item id \"..\"" + rule);
  CHECK(complaint(id_kind::item, "a\n\x01\"\\\x7F\xFFz") == "item id \"a\\n\\x01\\\"\\\\\\x7f\\xffz\"" + rule);
  CHECK(complaint(id_kind::item, "caf\xC3\xA9") == "item id \"caf\xC3\xA9\"" + rule);
  CHECK(complaint(id_kind::item, std::string(121, 'x')) ==
        "item id \"" + std::string(120, 'x') + "...\" (121 bytes)" + rule);
  // A shortened value never ends in the middle of a character.
  CHECK(complaint(id_kind::item, std::string(119, 'x') + "\xC3\xA9") ==
        "item id \"" + std::string(119, 'x') + "...\" (121 bytes)" + rule);
}

TEST_CASE("items are ordered by job, then by item") {
  CHECK(item_ref{"a", "z"} < item_ref{"b", "a"});
  CHECK(item_ref{"a", "a"} < item_ref{"a", "b"});
  CHECK_FALSE(item_ref{"a", "b"} < item_ref{"a", "b"});
  CHECK(item_ref{"a", "b"} == item_ref{"a", "b"});
}

TEST_CASE("ids are their texts: to compare with, to join, to print, to hash, to sort by") {
  const job_id mail = "mail";
  const std::string text = "mail";
  CHECK(mail == text);
  CHECK(text == mail);
  CHECK(mail == "mail");
  CHECK(mail == std::string_view{text});
  CHECK(mail != "mai");
  CHECK("mails" != mail);
  CHECK(mail < "mails");
  CHECK("mai" < mail);
  CHECK(mail.str() == text);
  CHECK(mail.size() == 4);
  CHECK(job_id{}.empty());
  CHECK("job " + mail + "!" == "job mail!");
  CHECK(mail + '/' + item_id{"eu"} == "mail/eu");
  CHECK('<' + mail + ">" == "<mail>");
  std::ostringstream out;
  out << mail;
  CHECK(out.str() == "mail");
  CHECK(std::hash<job_id>{}(mail) == std::hash<std::string>{}(text));
  const std::unordered_map<item_id, int> numbers{{"a", 1}, {"b", 2}};
  CHECK(numbers.at("b") == 2);

  const std::vector<std::string> texts{"b", "a.b", "B", "", "ab", "10", "9"};
  const auto ids = to_ids<item_id>(texts);
  const std::set<std::string> sorted_texts(texts.begin(), texts.end());
  const std::set<item_id> sorted_ids(ids.begin(), ids.end());
  CHECK(std::equal(sorted_ids.begin(), sorted_ids.end(), sorted_texts.begin(), sorted_texts.end()));
}

TEST_CASE("ids are plain texts in JSON and in texts, as keys, too") {
  const std::map<item_id, node_id> owners{{"eu", "n1"}, {"us\n", "n\"2"}};
  const std::map<std::string, std::string> texts{{"eu", "n1"}, {"us\n", "n\"2"}};
  CHECK(to_json_text(owners) == to_json_text(texts));
  CHECK(to_json_text(owners) == R"({"eu":"n1","us\n":"n\"2"})");
  CHECK(to_text(owners) == to_text(texts));
  CHECK(to_json_text(to_ids<job_id>({"a", "b"})) == R"(["a","b"])");
  CHECK(to_json_text(job_id{}) == R"("")");
}

TEST_CASE("the check of an id knows its kind") {
  CHECK(check_id(job_id{"mail"}));
  CHECK(check_id(job_id{"a/b"}).error().text.find("job id \"a/b\"") == 0);
  CHECK(check_id(node_id{"a/b"}).error().text.find("node id \"a/b\"") == 0);
  CHECK(check_id(item_id{}).error().text.find("item id \"\"") == 0);
}
