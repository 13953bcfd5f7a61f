#include "djm/bytes.hpp"

#include <random>
#include <set>

#include <doctest/doctest.h>

#include "djm/json.hpp"
#include "djm/text.hpp"
#include "djm/value_reader.hpp"

using namespace djm;

TEST_CASE("bytes: base64 is that of the standard") {
  // RFC 4648, section 10.
  const char* const table[][2] = {{"", ""},
                                  {"f", "Zg=="},
                                  {"fo", "Zm8="},
                                  {"foo", "Zm9v"},
                                  {"foob", "Zm9vYg=="},
                                  {"fooba", "Zm9vYmE="},
                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, word] : table) {
    CHECK(to_word(bytes_of(text)) == word);
    bytes back;
    CHECK(from_word(word, back));
    CHECK(back == bytes_of(text));
  }
  CHECK(to_word({{0xFB, 0xFF, 0xBF}}) == "+/+/");
  CHECK(to_json_text(bytes_of("fo")) == R"("Zm8=")");
  CHECK(to_text(bytes_of("fo")) == R"("Zm8=")");
}

TEST_CASE("bytes: any data becomes a word that is its own and reads as the same") {
  std::mt19937 random{20261129};
  std::set<std::string> words;
  std::set<std::vector<std::uint8_t>> all;
  for (int round = 0; round < 2000; ++round) {
    bytes x;
    x.data.resize(random() % 20);
    for (auto& b : x.data) {
      b = static_cast<std::uint8_t>(random());
    }
    const auto word = to_word(x);
    bytes back;
    REQUIRE(from_word(word, back));
    REQUIRE(back == x);
    words.insert(word);
    all.insert(x.data);
  }
  CHECK(words.size() == all.size());
}

TEST_CASE("bytes: what is no base64 is refused and changes nothing") {
  for (const auto* word : {"Z", "Zg", "Zg=", "Zm8", "Zg===", "=", "====", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9v",
                           "Zm9v\n", "Zm9-", "Zm_v", "Zm9v====", "\xC3\xA9==", "Zm=v"}) {
    CAPTURE(word);
    auto x = bytes_of("as it was");
    CHECK_FALSE(from_word(word, x));
    CHECK(x == bytes_of("as it was"));
  }
  const auto refused = from_json_text<bytes>(R"("Zg")");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text ==
        "the document: \"Zg\" is not base64 (letters, digits, \"+\" and \"/\" in groups of four, "
        "the last one padded with \"=\")");
}
