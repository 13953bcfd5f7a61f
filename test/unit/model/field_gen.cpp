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

user_config draw_config() {
  static const char* const names[] = {"a", "b.c", "D-1", "_"};
  user_config result;
  for (auto n = draw_index(4); n > 0; --n) {
    const std::string name = names[draw_index(std::size(names))];
    expected<user_config> more;
    switch (draw_index(6)) {
    case 0: more = result.with(name, draw_integer<std::int64_t>()); break;
    case 1: more = result.with(name, draw_integer<std::uint64_t>()); break;
    case 2: more = result.with(name, draw_text(alphabet::utf8)); break;
    case 3: more = result.with(name, std::vector<std::optional<bool>>{std::nullopt, draw_index(2) == 1}); break;
    case 4: more = result.with(name, static_cast<double>(draw_bits()) / 1024); break;
    default: more = result.with(name, std::map<std::string, std::string>{{draw_text(alphabet::utf8), "${env:X}"}});
    }
    result = more.value();
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
