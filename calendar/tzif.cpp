#include "calendar/tzif.hpp"

#include <vector>

#include "calendar/posix_rule.hpp"
#include "model/text.hpp"

namespace djm::impl {

namespace {

/// Thrown inside the reader only: the rule that the bytes break.
struct fault {
  std::string_view rule;
};

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t result = 0;
  for (char c : bytes) {
    result = result << 8 | static_cast<unsigned char>(c);
  }
  return result;
}

/// The bytes from the front to the back.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) {
      throw fault{"it ends too early"};
    }
    const auto result = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(result.size());
    return result;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).front()); }
  std::uint64_t natural(std::size_t size) { return big_endian(take(size)); }
  std::string_view rest() const noexcept { return rest_; }

private:
  std::string_view rest_;
};

struct header {
  char version = 0;
  std::uint64_t utc_flags = 0;
  std::uint64_t standard_flags = 0;
  std::uint64_t leaps = 0;
  std::uint64_t times = 0;
  std::uint64_t types = 0;
  std::uint64_t letters = 0;

  /// Of the data behind it, with times of so many bytes. All counts have 32 bits, so nothing overflows.
  std::uint64_t size(std::uint64_t time_size) const noexcept {
    return times * (time_size + 1) + types * 6 + letters + leaps * (time_size + 4) + standard_flags + utc_flags;
  }
};

header read_header(byte_reader& in) {
  if (in.take(4) != "TZif") {
    throw fault{"it does not begin with \"TZif\""};
  }
  header h;
  h.version = in.take(1).front();
  if (h.version != 0 && (h.version < '2' || h.version > '4')) {
    throw fault{"its version is not 1, 2, 3 or 4"};
  }
  in.take(15);
  for (auto* count : {&h.utc_flags, &h.standard_flags, &h.leaps, &h.times, &h.types, &h.letters}) {
    *count = in.natural(4);
  }
  return h;
}

std::int64_t signed_time(std::string_view bytes) noexcept {
  const auto value = big_endian(bytes);
  return bytes.size() == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value))
                           : static_cast<std::int64_t>(value);
}

/// Local time minus UTC, of each type of local time.
std::vector<std::int32_t> read_types(byte_reader& in, std::uint64_t count) {
  std::vector<std::int32_t> result;
  auto bytes = byte_reader{in.take(count * 6)};
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto offset = signed_time(bytes.take(4));
    bytes.take(2);
    if (offset < -max_zone_offset || offset > max_zone_offset) {
      throw fault{"an offset is not from -26 h to 26 h"};
    }
    result.push_back(static_cast<std::int32_t>(offset));
  }
  return result;
}

/// Fills the periods. The last change counts from where rules go on; `always_before` when there is none.
seconds_t read_block(byte_reader& in, const header& h, std::size_t time_size, zone_data& zone) {
  if (h.types == 0) {
    throw fault{"it has no type of local time"};
  }
  if (h.leaps != 0) {
    throw fault{"it counts leap seconds, which slots do not; use the zone without \"right/\""};
  }
  auto times = byte_reader{in.take(h.times * time_size)};
  const auto indexes = in.take(h.times);
  const auto offsets = read_types(in, h.types);
  in.take(h.letters + h.standard_flags + h.utc_flags);
  append_change(zone, {always_before, offsets.front()});
  std::int64_t last = 0;
  auto from = always_before;
  for (std::uint64_t i = 0; i < h.times; ++i) {
    const auto at = signed_time(times.take(time_size));
    const auto index = static_cast<std::uint8_t>(indexes[static_cast<std::size_t>(i)]);
    if (i > 0 && at <= last) {
      throw fault{"its changes are not in order of time"};
    }
    if (index >= offsets.size()) {
      throw fault{"a change leads to a type of local time that is not there"};
    }
    append_change(zone, {at, offsets[index]});
    last = at;
    from = at < always_before ? always_before : at;
  }
  return from;
}

/// The rule behind the second block, between two new lines.
void read_footer(std::string_view text, zone_data& zone, seconds_t from) {
  const auto end = text.find('\n', 1);
  if (text.empty() || text.front() != '\n' || end == text.npos) {
    throw fault{"its footer does not stand between new lines"};
  }
  const auto rule = text.substr(1, end - 1);
  if (rule.empty()) {
    return;
  }
  const auto parsed = parse_posix_rule(rule);
  if (!parsed) {
    throw fault{"its footer is no rule of POSIX"};
  }
  if (from < last_second) {
    append_rule(zone, *parsed, from);
  }
}

zone_data read_file(std::string_view bytes) {
  byte_reader in{bytes};
  zone_data zone;
  auto h = read_header(in);
  if (h.version == 0) {
    read_block(in, h, 4, zone);
    return zone;
  }
  in.take(h.size(4));
  h = read_header(in);
  const auto from = read_block(in, h, 8, zone);
  read_footer(in.rest(), zone, from);
  return zone;
}

} // namespace

expected<zone_data> parse_tzif(std::string_view name, std::string_view bytes) {
  try {
    auto zone = read_file(bytes);
    zone.name = std::string{name};
    return zone;
  } catch (const fault& f) {
    return fail(errc::invalid_file, "the file of time zone " + quote(name) + " is malformed: " + std::string{f.rule});
  }
}

} // namespace djm::impl
