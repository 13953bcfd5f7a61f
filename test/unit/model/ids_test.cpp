#include "djm/ids.hpp"

#include <doctest/doctest.h>

using namespace djm;

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
