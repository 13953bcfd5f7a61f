#include "test/unit/model/field_gen.hpp"

#include <rapidcheck.h>

namespace djm::testing {

std::size_t draw_index(std::size_t size) {
  return *rc::gen::inRange<std::size_t>(0, size);
}

std::uint64_t draw_bits() {
  return *rc::gen::arbitrary<std::uint64_t>();
}

std::string draw_text(alphabet a) {
  static const std::vector<std::string> parts = {"a",
                                                 "b",
                                                 "Z",
                                                 "0",
                                                 ".",
                                                 "_",
                                                 "-",
                                                 " ",
                                                 "\"",
                                                 "\\",
                                                 "/",
                                                 "~",
                                                 "\n",
                                                 "\x7F",
                                                 std::string(1, '\0'),
                                                 "\xC3\xA9",
                                                 "\xE2\x82\xAC",
                                                 "\xF0\x9F\x98\x80"};
  std::string result;
  for (auto n = draw_index(9); n > 0; --n) {
    result +=
      a == alphabet::bytes ? std::string(1, static_cast<char>(draw_index(256))) : parts[draw_index(parts.size())];
  }
  return result;
}

bool holds(const std::function<std::string()>& property) {
  return rc::check([&property] {
    if (const auto fault = property(); !fault.empty()) {
      RC_FAIL(fault);
    }
  });
}

} // namespace djm::testing
