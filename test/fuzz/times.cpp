// Durations and times as people write them. Input: the text itself.
#include "djm/time.hpp"

#include <string>

#include "test/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace djm;
  using fuzz::require;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto d = parse_duration(text)) {
    const auto shown = format_duration(*d);
    const auto again = parse_duration(shown);
    require(again && *again == *d, "a duration that is written reads as the same");
    require(format_duration(*again) == shown, "and is written as the same");
  } else {
    require(d.error().code == errc::invalid_config, "a refusal is invalid_config");
    require(fuzz::is_one_line(d.error().text), "a refusal is one line");
    require(d.error().text.size() < 2000, "a refusal is short, however long the text");
  }
  if (const auto t = parse_time(text)) {
    require(format_time(*t) == text, "a time reads only as what it is written");
  } else {
    require(t.error().code == errc::invalid_config, "a refusal is invalid_config");
    require(fuzz::is_one_line(t.error().text), "a refusal is one line");
  }
  return 0;
}
