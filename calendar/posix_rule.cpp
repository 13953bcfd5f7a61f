#include "calendar/posix_rule.hpp"

#include <algorithm>

namespace djm::impl {

namespace {

/// Takes a rule apart from its front. What fails once stays failed.
class rule_reader {
public:
  explicit rule_reader(std::string_view text) : rest_(text) {}

  bool ok() const noexcept { return problem_.empty(); }
  bool at_end() const noexcept { return rest_.empty(); }
  std::string_view problem() const noexcept { return problem_; }
  void refuse(std::string_view why) {
    problem_ = ok() ? why : problem_;
    rest_ = {};
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  /// True at the end, too.
  bool next_is(char c) const noexcept { return rest_.empty() || rest_.front() == c; }

  void comma() {
    if (!take(',')) {
      refuse("one of the two days on which clocks are changed is missing");
    }
  }

  void name() {
    const auto quoted = take('<');
    std::size_t length = 0;
    while (length < rest_.size() && (is_letter(rest_[length]) || (quoted && is_sign_or_digit(rest_[length])))) {
      ++length;
    }
    rest_.remove_prefix(length);
    if (length < 3 || (quoted && !take('>'))) {
      refuse("a name has three letters at least, or stands in <>");
    }
  }

  /// From one digit to three.
  int number(int most) {
    int value = 0;
    std::size_t length = 0;
    for (; length < rest_.size() && length < 3 && is_digit(rest_[length]); ++length) {
      value = value * 10 + (rest_[length] - '0');
    }
    rest_.remove_prefix(length);
    if (length == 0 || value > most) {
      refuse("a number is missing or too large");
    }
    return value;
  }

  /// [+|-]hh[:mm[:ss]], in seconds.
  std::int32_t time(int most_hours) {
    const auto negative = take('-');
    if (!negative) {
      take('+');
    }
    auto result = number(most_hours) * 3600;
    if (take(':')) {
      result += number(59) * 60;
      if (take(':')) {
        result += number(59);
      }
    }
    return negative ? -result : result;
  }

  rule_day day() {
    rule_day result;
    if (take('M')) {
      result.by = rule_day::kind::of_month;
      result.month = number(12);
      const auto first_dot = take('.');
      result.week = number(5);
      const auto second_dot = take('.');
      result.day = number(6);
      if (result.month == 0 || result.week == 0 || !first_dot || !second_dot) {
        refuse("a day of a month is Mm.w.d with m from 1 to 12, w from 1 to 5 and d from 0 to 6");
      }
    } else if (take('J')) {
      result.by = rule_day::kind::julian;
      result.day = number(365);
      if (result.day == 0) {
        refuse("a day after J is from 1 to 365");
      }
    } else {
      result.day = number(365);
    }
    if (take('/')) {
      result.time = time(167);
    }
    return result;
  }

private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static bool is_sign_or_digit(char c) noexcept { return is_digit(c) || c == '+' || c == '-'; }

  std::string_view rest_;
  std::string_view problem_;
};

bool is_leap(std::int64_t year) {
  return days_from_civil({year, 3, 1}) - days_from_civil({year, 2, 1}) == 29;
}

/// The day as days since 1970-01-01.
std::int64_t day_in(const rule_day& d, std::int64_t year) {
  const auto new_year = days_from_civil({year, 1, 1});
  switch (d.by) {
  case rule_day::kind::julian: return new_year + d.day - (is_leap(year) && d.day >= 60 ? 0 : 1);
  case rule_day::kind::zero_based: return new_year + d.day;
  case rule_day::kind::of_month: break;
  }
  const auto first = days_from_civil({year, d.month, 1});
  const auto next_month = d.month == 12 ? days_from_civil({year + 1, 1, 1}) : days_from_civil({year, d.month + 1, 1});
  // 1970-01-01 was a Thursday.
  const auto weekday = ((first + 4) % 7 + 7) % 7;
  const auto day = first + (d.day - weekday + 7) % 7 + (d.week - 1) * 7;
  return day < next_month ? day : day - 7;
}

} // namespace

expected<posix_rule> parse_posix_rule(std::string_view text) {
  rule_reader in{text};
  posix_rule result;
  in.name();
  result.standard = -in.time(24);
  if (in.ok() && !in.at_end()) {
    in.name();
    result.daylight = result.standard + 3600;
    if (!in.next_is(',')) {
      result.daylight = -in.time(24);
    }
    in.comma();
    result.start = in.day();
    in.comma();
    result.end = in.day();
  }
  if (!in.at_end()) {
    in.refuse("something stands behind its end");
  }
  if (!in.ok()) {
    return fail(errc::invalid_schedule, std::string{in.problem()});
  }
  return result;
}

std::vector<zone_change> changes_of_year(const posix_rule& rule, std::int64_t year) {
  if (!rule.daylight) {
    return {};
  }
  const auto start = day_in(rule.start, year) * day_seconds + rule.start.time - rule.standard;
  const auto end = day_in(rule.end, year) * day_seconds + rule.end.time - *rule.daylight;
  // At the same second daylight saving time wins: that is how a rule says that it holds all year.
  if (start >= end) {
    return {{end, rule.standard}, {start, *rule.daylight}};
  }
  return {{start, *rule.daylight}, {end, rule.standard}};
}

void append_rule(zone_data& zone, const posix_rule& rule, seconds_t from) {
  if (!rule.daylight) {
    append_change(zone, {from, rule.standard});
    return;
  }
  // Times of up to a week beside their day may carry a change into the next year, or into the one before.
  const auto year = civil_from_days(floor_div(from, day_seconds)).year;
  // Two years more than two cycles, so that the last period of the second cycle has its end.
  const auto end = std::min(from + 2 * cycle_seconds + 800 * day_seconds, last_second);
  const auto end_year = civil_from_days(floor_div(end, day_seconds)).year + 1;
  std::vector<zone_change> all;
  for (auto y = year - 2; y <= end_year; ++y) {
    const auto changes = changes_of_year(rule, y);
    all.insert(all.end(), changes.begin(), changes.end());
  }
  // Daylight saving time comes last among changes of one second.
  std::stable_sort(all.begin(), all.end(), [&](const zone_change& a, const zone_change& b) {
    return a.first != b.first ? a.first < b.first : a.second != *rule.daylight && b.second == *rule.daylight;
  });
  const auto first = std::upper_bound(all.begin(), all.end(), from,
                                      [](seconds_t t, const zone_change& change) { return t < change.first; });
  append_change(zone, {from, (first - 1)->second});
  const auto before = zone.periods.size();
  for (auto i = first; i != all.end() && i->first <= end; ++i) {
    append_change(zone, *i);
  }
  if (zone.periods.size() > before && from + 2 * cycle_seconds < last_second) {
    zone.repeats_from = from + cycle_seconds;
  }
}

} // namespace djm::impl
