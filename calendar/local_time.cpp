#include "djm/local_time.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "calendar/seconds.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

std::string two_digits(std::int64_t value) {
  std::string result(2, '0');
  result[0] = static_cast<char>('0' + value / 10 % 10);
  result[1] = static_cast<char>('0' + value % 10);
  return result;
}

/// Takes the parts of an instant off its front.
class instant_reader {
public:
  explicit instant_reader(std::string_view text) : rest_(text) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return rest_.empty(); }
  void refuse() noexcept { ok_ = false; }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  void need(char c) { ok_ = take(c) && ok_; }

  bool digit_ahead() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

  /// So many digits, of a number from `least` to `most`.
  int number(int digits, int least, int most) {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!digit_ahead()) {
        ok_ = false;
        return least;
      }
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    ok_ = ok_ && value >= least && value <= most;
    return value;
  }

private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Milliseconds behind a dot; none without one.
int read_fraction(instant_reader& in) {
  if (!in.take('.')) {
    return 0;
  }
  auto result = in.number(1, 0, 9) * 100;
  for (int unit = 10; unit > 0 && in.digit_ahead(); unit /= 10) {
    result += in.number(1, 0, 9) * unit;
  }
  return result;
}

/// Seconds ahead of UTC.
int read_offset(instant_reader& in) {
  if (in.take('Z')) {
    return 0;
  }
  const auto west = in.take('-');
  if (!west) {
    in.need('+');
  }
  constexpr int most_hours = 26;
  auto result = in.number(2, 0, most_hours) * 3600;
  if (in.take(':') || in.digit_ahead()) {
    result += in.number(2, 0, 59) * 60;
    if (in.take(':')) {
      result += in.number(2, 0, 59);
    }
  }
  return west ? -result : result;
}

std::optional<wall_time> read_instant(std::string_view text) {
  instant_reader in{text};
  impl::civil_date date{};
  date.year = in.number(4, 0, 9999);
  in.need('-');
  date.month = in.number(2, 1, 12);
  in.need('-');
  date.day = in.number(2, 1, 31);
  if (!in.take('T')) {
    in.need(' ');
  }
  auto seconds = in.number(2, 0, 23) * 3600;
  in.need(':');
  seconds += in.number(2, 0, 59) * 60;
  auto fraction = 0;
  if (in.take(':')) {
    seconds += in.number(2, 0, 59);
    fraction = read_fraction(in);
  }
  const auto offset = read_offset(in);
  const auto day = impl::days_from_civil(date);
  if (!in.ok() || !in.at_end() || impl::civil_from_days(day).day != date.day) {
    return std::nullopt;
  }
  return impl::to_wall_time(day * impl::day_seconds + seconds - offset) + std::chrono::milliseconds{fraction};
}

} // namespace

std::string format_local_time(wall_time t, const time_zone& zone) {
  using std::chrono::milliseconds;
  // So that adding the offset cannot overflow.
  t = std::clamp(t, impl::to_wall_time(impl::first_second), impl::to_wall_time(impl::last_second) + milliseconds{999});
  const auto offset = zone.offset_at(t);
  auto text = format_time(t + offset);
  // "...:00.000Z"
  text.resize(text.size() - 1);
  if (text.compare(text.size() - 4, 4, ".000") == 0) {
    text.resize(text.size() - 4);
  }
  const auto seconds = std::abs(offset.count());
  text += offset.count() < 0 ? '-' : '+';
  text += two_digits(seconds / 3600) + ':' + two_digits(seconds / 60 % 60);
  if (seconds % 60 != 0) {
    text += ':' + two_digits(seconds % 60);
  }
  return text;
}

expected<wall_time> parse_instant(std::string_view text) {
  if (const auto result = read_instant(text)) {
    return *result;
  }
  return fail(errc::invalid_config, "instant " + impl::quote(text) +
                                      " is no date and time with an offset from UTC, such as "
                                      "\"2026-03-29T03:00:00+02:00\" or \"2026-03-29T01:00:00Z\"");
}

} // namespace djm
