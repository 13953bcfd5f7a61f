#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "djm/error.hpp"
#include "djm/time.hpp"

namespace djm {

namespace impl {
struct zone_data;
} // namespace impl

/// From an instant on, clocks of a zone are so far ahead of UTC.
struct offset_change {
  /// The first instant at which it holds; whole seconds.
  wall_time from;
  /// Local time minus UTC: from -26 h to +26 h.
  std::chrono::seconds offset{0};
};

/// What the clocks of a place show, at any instant from the year 0 to the year 9999: a value, which neither reads a
/// file nor changes later, so that tests can make one up. Cheap to copy; may be shared by threads.
class time_zone {
public:
  /// UTC, which never changes.
  time_zone();

  /// What a file of the tz database says (TZif as in RFC 8536 and RFC 9636, versions 1 to 4, with its footer). `name`
  /// is what the zone will be called. `errc::invalid_file`, with the rule that is broken, for bytes that are none, and
  /// for a file that counts leap seconds (those below `right/`), because slots are counted in POSIX time.
  static expected<time_zone> parse(std::string name, std::string_view bytes);

  /// A zone whose changes follow a rule, as the environment variable TZ has it in POSIX: "CET-1CEST,M3.5.0,M10.5.0/3".
  /// Hours may go up to 167, as in TZif. `errc::invalid_schedule` for a text that is none.
  static expected<time_zone> from_rule(std::string name, std::string_view rule);

  /// A zone that somebody makes up: `before` holds until the first change. The changes are in order of time, each
  /// later than the one before; the offset of the last one stays for ever. `errc::invalid_schedule` otherwise.
  static expected<time_zone> from_changes(std::string name, std::chrono::seconds before,
                                          const std::vector<offset_change>& changes);

  /// "Europe/Berlin".
  const std::string& name() const noexcept;

  /// Local time minus UTC at this instant.
  std::chrono::seconds offset_at(wall_time t) const noexcept;

  /// The next change of the offset after this instant; nothing when none comes before the year 10000.
  std::optional<offset_change> next_change(wall_time t) const;

  /// For the parts of djm.
  const impl::zone_data& data() const noexcept { return *data_; }

private:
  explicit time_zone(std::shared_ptr<const impl::zone_data> data) : data_(std::move(data)) {}

  std::shared_ptr<const impl::zone_data> data_;
};

/// Where zones come from: a function from the name of a zone to the zone. A simulator hands in one of its own.
using time_zone_source = std::function<expected<time_zone>(std::string_view name)>;

/// Where Linux distributions keep the tz database.
constexpr const char* system_time_zones = "/usr/share/zoneinfo";

/// The zones of a folder of TZif files. Each call reads the file anew. The function answers `errc::invalid_schedule`
/// for a name that is none or is not there, and `errc::invalid_file` for a file that cannot be read or is broken. "UTC"
/// needs no file.
time_zone_source time_zones_in(std::string folder = system_time_zones);

/// The version of the tz database in a folder, "2025b", from its file `+VERSION` or `tzdata.zi`.
/// `errc::invalid_file` where neither says.
expected<std::string> time_zones_version(const std::string& folder = system_time_zones);

/// Whether a text may name a zone: parts of letters, digits and `._+-` between slashes, at most 120 characters, no part
/// of dots alone. It says nothing about whether there is one.
bool is_time_zone_name(std::string_view text) noexcept;

} // namespace djm
