#include "test/unit/calendar/naive_cron.hpp"

#include <algorithm>
#include <cstdlib>

namespace djm::test {

namespace {

using kind = naive_item::kind;

int draw(std::mt19937& random, int least, int most) {
  return std::uniform_int_distribution<int>{least, most}(random);
}

bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool in_list(const naive_field& field, int value) {
  return field.star || std::any_of(field.items.begin(), field.items.end(), [&](const naive_item& item) {
           return item.what == kind::range && value >= item.first && value <= item.last &&
                  (value - item.first) % item.step == 0;
         });
}

bool is_weekend(int weekday) {
  return weekday == 0 || weekday == 6;
}

/// The day to which a day of a month is moved so that it is a Monday to Friday: the nearest one of the month.
int nearest_workday(int year, int month, int day) {
  for (int distance = 0;; ++distance) {
    for (const auto candidate : {day - distance, day + distance}) {
      if (candidate >= 1 && candidate <= days_in(year, month) && !is_weekend(weekday_of(year, month, candidate))) {
        return candidate;
      }
    }
  }
}

bool day_holds(const naive_field& field, const civil_second& t) {
  const auto length = days_in(t.year, t.month);
  return std::any_of(field.items.begin(), field.items.end(), [&](const naive_item& item) {
    switch (item.what) {
    case kind::from_end: return t.day == length - item.first;
    case kind::workday: return item.first <= length && t.day == nearest_workday(t.year, t.month, item.first);
    case kind::workday_from_end:
      return length - item.first >= 1 && t.day == nearest_workday(t.year, t.month, length - item.first);
    default: return in_list({false, false, {item}}, t.day);
    }
  });
}

bool weekday_holds(const naive_field& field, const civil_second& t) {
  const auto weekday = weekday_of(t.year, t.month, t.day);
  return std::any_of(field.items.begin(), field.items.end(), [&](const naive_item& item) {
    switch (item.what) {
    case kind::nth: return weekday == item.first % 7 && (t.day - 1) / 7 + 1 == item.last;
    case kind::last: return weekday == item.first % 7 && t.day + 7 > days_in(t.year, t.month);
    default: return in_list({false, false, {item}}, weekday) || (weekday == 0 && in_list({false, false, {item}}, 7));
    }
  });
}

struct shape {
  int least;
  int most;
  int last;
};

void draw_range(std::mt19937& random, const shape& s, naive_field& field, std::string& text) {
  naive_item item;
  const auto form = draw(random, 0, 9);
  item.first = draw(random, s.least, s.most);
  item.last = draw(random, item.first, s.most);
  item.step = draw(random, 1, std::max(1, (s.most - s.least) / 3));
  if (form < 4) {
    item.last = item.first;
    item.step = 1;
    text += std::to_string(item.first);
  } else if (form < 6) {
    item.step = 1;
    text += std::to_string(item.first) + '-' + std::to_string(item.last);
  } else if (form < 8) {
    text += std::to_string(item.first) + '-' + std::to_string(item.last) + '/' + std::to_string(item.step);
  } else if (form < 9 && item.first <= s.last) {
    item.last = s.last;
    text += std::to_string(item.first) + '/' + std::to_string(item.step);
  } else {
    item.first = s.least;
    item.last = s.last;
    text += "*/" + std::to_string(item.step);
  }
  field.items.push_back(item);
}

void draw_special_day(std::mt19937& random, naive_field& field, std::string& text) {
  naive_item item;
  const auto n = draw(random, 0, 30);
  switch (draw(random, 0, 2)) {
  case 0:
    item = {kind::from_end, n, 0, 1};
    text += n == 0 ? "L" : "L-" + std::to_string(n);
    break;
  case 1:
    item = {kind::workday, n + 1, 0, 1};
    text += std::to_string(n + 1) + 'W';
    break;
  default: item = {kind::workday_from_end, n, 0, 1}; text += n == 0 ? "LW" : "L-" + std::to_string(n) + 'W';
  }
  field.items.push_back(item);
}

void draw_special_weekday(std::mt19937& random, naive_field& field, std::string& text) {
  const auto weekday = draw(random, 0, 7);
  const auto n = draw(random, 1, 5);
  if (draw(random, 0, 1) == 0) {
    field.items.push_back({kind::nth, weekday, n, 1});
    text += std::to_string(weekday) + '#' + std::to_string(n);
  } else {
    field.items.push_back({kind::last, weekday, 0, 1});
    text += std::to_string(weekday) + (n > 2 ? "L" : "#L");
  }
}

using special = void (*)(std::mt19937&, naive_field&, std::string&);

std::string draw_field(std::mt19937& random, const shape& s, int star_percent, special drawn, naive_field& field) {
  std::string text;
  if (draw(random, 1, 100) <= star_percent) {
    field.star = true;
    text = "*";
  } else {
    for (int n = draw(random, 1, 3); n > 0; --n) {
      text += text.empty() ? "" : ",";
      if (drawn != nullptr && draw(random, 0, 2) == 0) {
        drawn(random, field, text);
      } else {
        draw_range(random, s, field, text);
      }
    }
  }
  field.starts_with_star = text.front() == '*';
  return text;
}

} // namespace

bool naive_cron::holds(const civil_second& t) const {
  if (!(with_seconds ? in_list(second, t.second) : t.second == 0) || !in_list(minute, t.minute) ||
      !in_list(hour, t.hour) || !in_list(month, t.month)) {
    return false;
  }
  if (day.star && weekday.star) {
    return true;
  }
  if (day.star) {
    return weekday_holds(weekday, t);
  }
  if (weekday.star) {
    return day_holds(day, t);
  }
  return both ? day_holds(day, t) && weekday_holds(weekday, t) : day_holds(day, t) || weekday_holds(weekday, t);
}

naive_cron draw_cron(std::mt19937& random, variety v) {
  naive_cron result;
  const auto all = v == variety::everything;
  result.with_seconds = all && draw(random, 0, 3) == 0;
  if (result.with_seconds) {
    result.text = draw_field(random, {0, 59, 59}, 20, nullptr, result.second) + ' ';
  }
  result.text += draw_field(random, {0, 59, 59}, 25, nullptr, result.minute) + ' ';
  result.text += draw_field(random, {0, 23, 23}, all ? 30 : 50, nullptr, result.hour) + ' ';
  const auto day = draw_field(random, {1, 31, 31}, all ? 40 : 100, draw_special_day, result.day);
  const auto month = draw_field(random, {1, 12, 12}, all ? 60 : 100, nullptr, result.month);
  auto weekday = draw_field(random, {0, 7, 6}, all ? 40 : 100, draw_special_weekday, result.weekday);
  // A step on a star beside a restricted field is refused without the plus.
  const auto star_step = day.find("*/") != day.npos || weekday.find("*/") != weekday.npos;
  result.both = (star_step && !result.day.star && !result.weekday.star) || draw(random, 0, 3) == 0;
  if (result.both) {
    weekday.insert(0, 1, '+');
    // "+*" is every day of the week.
  }
  result.text += day + ' ' + month + ' ' + weekday;
  return result;
}

int days_in(int year, int month) {
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return lengths[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

int weekday_of(int year, int month, int day) {
  // Zeller's congruence, in which a year begins with March and 0 is a Saturday.
  const auto m = month < 3 ? month + 12 : month;
  const auto y = month < 3 ? year - 1 : year;
  return (day + 13 * (m + 1) / 5 + y + y / 4 - y / 100 + y / 400 + 6) % 7;
}

civil_second civil_of(std::int64_t seconds) {
  auto days = seconds / 86'400;
  auto rest = static_cast<int>(seconds % 86'400);
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  int year = 1970;
  for (; days < 0; --year) {
    days += is_leap(year - 1) ? 366 : 365;
  }
  for (; days >= (is_leap(year) ? 366 : 365); ++year) {
    days -= is_leap(year) ? 366 : 365;
  }
  int month = 1;
  for (; days >= days_in(year, month); ++month) {
    days -= days_in(year, month);
  }
  return {year, month, static_cast<int>(days) + 1, rest / 3600, rest / 60 % 60, rest % 60};
}

} // namespace djm::test
