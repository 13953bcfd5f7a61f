#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

/// A second statement of what a cron expression means, as slow as it is plain.
namespace djm::test {

/// One part of a list: from `first` to `last` in steps, or what only the day fields have.
struct naive_item {
  enum class kind { range, from_end, workday, workday_from_end, nth, last };
  kind what = kind::range;
  int first = 0;
  int last = 0;
  int step = 1;
};

struct naive_field {
  /// `*` alone.
  bool star = false;
  /// The text starts with `*`.
  bool starts_with_star = false;
  std::vector<naive_item> items;
};

struct civil_second {
  int year;
  int month;
  int day;
  int hour;
  int minute;
  int second;
};

/// An expression that was made up, as text and as what it means.
struct naive_cron {
  std::string text;
  bool with_seconds = false;
  bool both = false;
  naive_field second;
  naive_field minute;
  naive_field hour;
  naive_field day;
  naive_field month;
  naive_field weekday;

  bool interval_like() const { return minute.starts_with_star || hour.starts_with_star; }
  bool holds(const civil_second& t) const;
};

/// How much is made up: only times of day (dense), or everything.
enum class variety { times, everything };

naive_cron draw_cron(std::mt19937& random, variety v);

/// Date and time of a second since 1970, by counting years, and back.
civil_second civil_of(std::int64_t seconds);
int weekday_of(int year, int month, int day);
int days_in(int year, int month);

} // namespace djm::test
