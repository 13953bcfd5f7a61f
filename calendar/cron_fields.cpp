#include "calendar/cron_fields.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/text.hpp"

namespace djm::impl {

namespace {

constexpr field_shape shapes[] = {
  {"second", 0, 59, 59, 59},
  {"minute", 0, 59, 59, 59},
  {"hour", 0, 23, 23, 23},
  {"day of month", 1, 31, 31, 31},
  {"month", 1, 12, 12, 12},
  {"day of week", 0, 7, 6, 7},
  {"year", 1970, 2099, 2099, last_cron_year - first_cron_year},
};

constexpr std::string_view months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view weekdays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_letters(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// The number; one that is far too large for every field becomes the largest.
int number_of(std::string_view digits) noexcept {
  int result = 0;
  for (char c : digits) {
    result = std::min(result * 10 + (c - '0'), 1'000'000);
  }
  return result;
}

/// Reads the parts of one field.
class field_reader {
public:
  field_reader(cron_field field, cron_set& set) : field_(field), shape_(shape_of(field)), set_(set) {}

  void read(std::string_view text) {
    if (text == "*" || (text == "?" && is_day_field())) {
      read_star();
      return;
    }
    for (auto rest = text;;) {
      const auto comma = rest.find(',');
      read_item(rest.substr(0, comma), text);
      if (comma == rest.npos) {
        return;
      }
      rest.remove_prefix(comma + 1);
    }
  }

private:
  [[noreturn]] void refuse(std::string_view value, std::string rule, std::string hint) const {
    throw cron_fault{std::string{shape_.name}, std::string{value}, std::move(rule), std::move(hint)};
  }

  bool is_day_field() const noexcept { return field_ == cron_field::day_of_month || field_ == cron_field::day_of_week; }

  void read_star() {
    if (field_ == cron_field::day_of_month) {
      set_.days.any_day = true;
    } else if (field_ == cron_field::day_of_week) {
      set_.days.any_weekday = true;
    } else if (field_ == cron_field::year) {
      set_.any_year = true;
    } else {
      add_range(shape_.least, shape_.last, 1);
    }
  }

  void read_item(std::string_view item, std::string_view list) {
    if (item.empty()) {
      refuse(list, "a list has an empty part", "take out the comma that is too many, or write *");
    }
    if (item == "*" || item == "?") {
      refuse(list, "* (or ?, in the two day fields) stands alone, never in a list or in another field",
             "write * alone, or leave it out");
    }
    const auto slash = item.find('/');
    if (slash == item.npos) {
      if (!read_special(item)) {
        read_span(item, item, 0);
      }
      return;
    }
    read_span(item.substr(0, slash), item, step_of(item.substr(slash + 1), item));
  }

  int step_of(std::string_view text, std::string_view item) const {
    if (!is_digits(text)) {
      refuse(item, "what stands behind / is no number", "write a step such as */15, 10-40/15 or 5/15");
    }
    const auto step = number_of(text);
    if (step == 0) {
      refuse(item, "a step of 0 leads nowhere", "write a step from 1 on");
    }
    if (step > shape_.widest_step) {
      refuse(item, fmt::format("a step is at most {}", shape_.widest_step),
             "write the one value that is meant, or a smaller step");
    }
    return step;
  }

  /// `*`, `a` or `a-b`, and a step, or 0 without one.
  void read_span(std::string_view span, std::string_view item, int step) {
    if (span == "*") {
      add_range(shape_.least, shape_.last, step);
      return;
    }
    const auto dash = span.find('-');
    if (dash == span.npos) {
      read_from(value_of(span, item), item, step);
      return;
    }
    const auto low = span.substr(0, dash);
    const auto high = span.substr(dash + 1);
    const auto first = value_of(low, item);
    auto last = value_of(high, item);
    // Sunday ends a week as well as it begins one.
    if (field_ == cron_field::day_of_week && high == "SUN" && low != "SUN") {
      last = 7;
    }
    if (first > last) {
      refuse(item, "a range does not go backward",
             step > 1 ? "list the values that are meant" : backward_hint(low, high));
    }
    add_range(first, last, std::max(step, 1));
  }

  std::string backward_hint(std::string_view low, std::string_view high) const {
    if (field_ == cron_field::year) {
      return fmt::format("write {}-{}", high, low);
    }
    return fmt::format("write {}-{},{}-{}", low, shape_.last, shape_.least, high);
  }

  void read_from(int first, std::string_view item, int step) {
    if (step == 0) {
      add_range(first, first, 1);
      return;
    }
    if (first > shape_.last) {
      refuse(item, "a step goes from its first day to Saturday, and 7 lies behind it", "write 0 for Sunday");
    }
    add_range(first, shape_.last, step);
  }

  void add_range(int first, int last, int step) {
    for (auto value = first; value <= last; value += step) {
      add(value);
    }
  }

  void add(int value) {
    switch (field_) {
    case cron_field::second: set_.seconds |= std::uint64_t{1} << value; break;
    case cron_field::minute: set_.minutes |= std::uint64_t{1} << value; break;
    case cron_field::hour: set_.hours |= std::uint32_t{1} << value; break;
    case cron_field::day_of_month: set_.days.days |= std::uint32_t{1} << value; break;
    case cron_field::month: set_.months = static_cast<std::uint16_t>(set_.months | 1 << value); break;
    case cron_field::day_of_week:
      set_.days.weekdays = static_cast<std::uint8_t>(set_.days.weekdays | 1 << value % 7);
      break;
    case cron_field::year: set_.years.set(static_cast<std::size_t>(value - first_cron_year)); break;
    }
  }

  /// A number or a name.
  int value_of(std::string_view text, std::string_view item) const {
    if (is_digits(text)) {
      const auto value = number_of(text);
      if (value < shape_.least || value > shape_.most) {
        refuse(item, fmt::format("{} is not from {} to {}", text.substr(0, 20), shape_.least, shape_.most),
               range_hint(value));
      }
      return value;
    }
    if (field_ == cron_field::month) {
      return name_of(text, item, months, std::size(months), 1);
    }
    if (field_ == cron_field::day_of_week) {
      return name_of(text, item, weekdays, std::size(weekdays), 0);
    }
    refuse(item, text.empty() ? "a number is missing" : fmt::format("{} is no number", quote(text)), syntax_hint());
  }

  int name_of(std::string_view text, std::string_view item, const std::string_view* names, std::size_t count,
              int first) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (text == names[i]) {
        return first + static_cast<int>(i);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (text.size() > names[i].size() && text.substr(0, names[i].size()) == names[i] && is_letters(text)) {
        refuse(item, "names have three letters", fmt::format("write {}", names[i]));
      }
    }
    refuse(item,
           text.empty() ? "a number or a name is missing" : fmt::format("{} is no number and no name", quote(text)),
           fmt::format("names are {} to {}; {}", names[0], names[count - 1], syntax_hint()));
  }

  std::string range_hint(int value) const {
    if (field_ == cron_field::hour && value == 24) {
      return "midnight is hour 0 of the next day";
    }
    if (field_ == cron_field::day_of_month && value == 0) {
      return "the last day of a month is L";
    }
    return fmt::format("{} are from {} to {}", plural(), shape_.least, shape_.most);
  }

  std::string plural() const {
    return field_ == cron_field::day_of_month  ? "days of a month"
           : field_ == cron_field::day_of_week ? "days of a week (0 and 7: Sunday)"
                                               : fmt::format("{}s", shape_.name);
  }

  std::string syntax_hint() const {
    switch (field_) {
    case cron_field::day_of_month: return "write lists of 5, 1-15, */5, L, L-3, 15W, LW";
    case cron_field::day_of_week:
      return "write lists of 1, MON-FRI, */2, FRI#2, 5L, with + in front of all to narrow the days";
    default: return fmt::format("write lists of {0}, {0}-{1}, */2", shape_.least + 1, shape_.least + 3);
    }
  }

  /// What only the two day fields have; false when it is nothing of that kind.
  bool read_special(std::string_view item) {
    if (field_ == cron_field::day_of_month) {
      return read_day_special(item);
    }
    return field_ == cron_field::day_of_week && read_weekday_special(item);
  }

  bool read_day_special(std::string_view item) {
    const auto workday = item.size() > 1 && item.back() == 'W';
    const auto day = workday ? item.substr(0, item.size() - 1) : item;
    auto& days = set_.days;
    if (day == "L") {
      (workday ? days.workdays_from_end : days.from_end) |= 1;
      return true;
    }
    if (day.substr(0, 2) == "L-") {
      const auto count = is_digits(day.substr(2)) ? number_of(day.substr(2)) : 0;
      if (count < 1 || count > 30) {
        refuse(item, "L- has a number of days from 1 to 30 behind it",
               "write L for the last day, L-3 for three before it");
      }
      (workday ? days.workdays_from_end : days.from_end) |= std::uint32_t{1} << count;
      return true;
    }
    if (!workday) {
      return false;
    }
    if (!is_digits(day)) {
      refuse(item, "W stands behind one day of the month", "write 15W, LW or L-3W");
    }
    days.workdays |= std::uint32_t{1} << value_of(day, item);
    return true;
  }

  bool read_weekday_special(std::string_view item) {
    if (const auto hash = item.find('#'); hash != item.npos) {
      const auto which = item.substr(hash + 1);
      const auto n = is_digits(which) ? number_of(which) : 0;
      if (which != "L" && (n < 1 || n > 5)) {
        refuse(item, "what stands behind # is not from 1 to 5, nor L",
               "write FRI#2 for the second, FRI#L for the last");
      }
      add_nth(value_of(item.substr(0, hash), item), n);
      return true;
    }
    if (item == "L") {
      refuse(item, "L stands behind a day of the week", "write 5L for the last Friday of the month");
    }
    const auto day = item.substr(0, item.size() - 1);
    if (item.back() != 'L' || !(is_digits(day) || day.size() == 3)) {
      return false;
    }
    add_nth(value_of(day, item), 0);
    return true;
  }

  void add_nth(int weekday, int n) {
    auto& bits = set_.days.nth[static_cast<std::size_t>(weekday % 7)];
    bits = static_cast<std::uint8_t>(bits | 1 << n);
  }

  cron_field field_;
  const field_shape& shape_;
  cron_set& set_;
};

} // namespace

const field_shape& shape_of(cron_field field) {
  return shapes[static_cast<std::size_t>(field)];
}

void read_field(cron_field field, std::string_view text, cron_set& set) {
  field_reader{field, set}.read(text);
}

} // namespace djm::impl
