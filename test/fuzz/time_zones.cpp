// Files of time zones, rules of POSIX, names of zones, instants with offsets. Input: the bytes of a file; those of a
// text as well.
#include "djm/time_zone.hpp"

#include <string>

#include "djm/local_time.hpp"
#include "test/fuzz/fuzz.hpp"

namespace {

using namespace djm;
using djm::fuzz::require;

void check_zone(const time_zone& zone) {
  using std::chrono::milliseconds;
  auto t = wall_time{std::chrono::hours{24 * 20'500}};
  for (int i = 0; i < 20; ++i) {
    const auto change = zone.next_change(t);
    if (!change) {
      return;
    }
    require(change->from > t, "the next change is later");
    require(zone.offset_at(change->from) == change->offset, "its offset holds from then on");
    require(zone.offset_at(change->from - milliseconds{1}) == zone.offset_at(t), "and another one before");
    require(zone.offset_at(t) != change->offset, "a change changes something");
    const auto shown = parse_instant(format_local_time(change->from, zone));
    require(shown && *shown == change->from, "an instant that is shown reads as itself");
    // On to later centuries.
    t = change->from + std::chrono::hours{24 * 200} * i;
  }
}

void check_refusal(const error& e, errc code) {
  require(e.code == code, "a refusal has its code");
  require(fuzz::is_one_line(e.text), "a refusal is one line");
  require(e.text.size() < 2000, "a refusal is short");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (const auto zone = time_zone::parse("Some/Zone", bytes)) {
    check_zone(*zone);
  } else {
    check_refusal(zone.error(), errc::invalid_file);
  }
  if (const auto zone = time_zone::from_rule("Some/Zone", bytes)) {
    check_zone(*zone);
  } else {
    check_refusal(zone.error(), errc::invalid_schedule);
  }
  if (const auto t = parse_instant(bytes)) {
    const auto again = parse_instant(format_local_time(*t, time_zone{}));
    require(*t < wall_time{} - std::chrono::hours{24 * 719'528} || (again && *again == *t),
            "an instant that is read can be shown and read");
  } else {
    check_refusal(t.error(), errc::invalid_config);
  }
  if (is_time_zone_name(bytes)) {
    const auto path = '/' + std::string{bytes} + '/';
    require(size <= 120 && path.find("//") == path.npos && path.find("/./") == path.npos &&
              path.find("/../") == path.npos,
            "a name of a zone stays in its folder");
  }
  return 0;
}
