// The list of servers. Input: the text itself.
#include "model/connect_string.hpp"

#include <algorithm>
#include <string>

#include "test/fuzz/fuzz.hpp"

namespace {

/// What ZooKeeper's own tools take: what comes of it is strict, and comes of itself.
void check_place(std::string_view text) {
  using namespace djm;
  using fuzz::require;
  const auto place = impl::place_of_store(text);
  if (!place) {
    require(place.error().code == errc::invalid_connect_string, "a refusal is invalid_connect_string");
    require(fuzz::is_one_line(place.error().text), "a refusal is one line");
    return;
  }
  require(place->servers == "embedded" || impl::check_connect_string(place->servers).has_value(),
          "what was made of it is a list of servers");
  require(place->chroot.empty() || place->chroot.front() == '/', "the path is one");
  const auto again = impl::place_of_store(place->servers + place->chroot);
  require(again && again->servers == place->servers && again->chroot == place->chroot, "it comes of itself");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace djm;
  using fuzz::require;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  check_place(text);
  const auto good = impl::check_connect_string(text);
  if (!good) {
    require(good.error().code == errc::invalid_connect_string, "a refusal is invalid_connect_string");
    require(fuzz::is_one_line(good.error().text), "a refusal is one line");
    require(good.error().text.size() < 4000, "a refusal is short, however long the text");
    return 0;
  }
  // The client library takes it as a C string and knows "/path" as a chroot.
  require(!text.empty() && text.find('\0') == text.npos && text.find('/') == text.npos, "no NUL and no chroot");
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    const auto part = text.substr(at, end - at);
    const auto colon = part.rfind(':');
    require(colon != part.npos && colon > 0, "every part has a host and a port");
    const std::string digits{part.substr(colon + 1)};
    require(!digits.empty() && digits.size() <= 5 && digits.find_first_not_of("0123456789") == digits.npos,
            "a port is a number");
    const auto port = std::stoi(digits, nullptr, 0); // as strtol may be asked to
    require(port >= 1 && port <= 65535, "a port is from 1 to 65535");
    at = end + 1;
  }
  return 0;
}
