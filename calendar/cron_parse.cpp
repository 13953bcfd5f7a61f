#include "calendar/cron_parse.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "calendar/cron_fields.hpp"
#include "djm/time_zone.hpp"
#include "model/text.hpp"

namespace djm::impl {

namespace {

constexpr std::size_t max_expression = 1000;

struct macro {
  std::string_view name;
  std::string_view fields;
};

constexpr macro macros[] = {
  {"@YEARLY", "0 0 1 1 *"}, {"@ANNUALLY", "0 0 1 1 *"}, {"@MONTHLY", "0 0 1 * *"}, {"@WEEKLY", "0 0 * * 0"},
  {"@DAILY", "0 0 * * *"},  {"@MIDNIGHT", "0 0 * * *"}, {"@HOURLY", "0 * * * *"},
};

constexpr std::string_view zone_prefix = "CRON_TZ=";

bool starts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.substr(0, prefix.size()) == prefix;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  std::vector<std::string_view> result;
  while (true) {
    const auto begin = text.find_first_not_of(blanks);
    if (begin == text.npos) {
      return result;
    }
    text.remove_prefix(begin);
    const auto word = text.substr(0, text.find_first_of(blanks));
    result.push_back(word);
    text.remove_prefix(word.size());
  }
}

std::string in_capitals(std::string_view text) {
  std::string result{text};
  for (auto& c : result) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return result;
}

/// Without zeros in front of numbers.
std::string without_zeros(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto inside = !result.empty() && is_digit(result.back());
    const auto more = i + 1 < text.size() && is_digit(text[i + 1]);
    if (text[i] != '0' || inside || !more) {
      result += text[i];
    }
  }
  return result;
}

/// Takes the zone off the front of the words.
std::string take_zone(std::vector<std::string_view>& words) {
  if (words.empty()) {
    return {};
  }
  const auto first = words.front();
  if (starts_with(first, "TZ=")) {
    const auto named = is_time_zone_name(first.substr(3));
    throw cron_fault{"zone", std::string{first}, "a zone in front of the fields stands behind CRON_TZ=",
                     fmt::format("write {}{}", zone_prefix, named ? first.substr(3) : "Europe/Berlin")};
  }
  if (!starts_with(first, zone_prefix)) {
    return {};
  }
  auto zone = std::string{first.substr(zone_prefix.size())};
  if (!is_time_zone_name(zone)) {
    throw cron_fault{"zone", std::string{first}, "this is no name of a time zone", "write CRON_TZ=Europe/Berlin"};
  }
  words.erase(words.begin());
  return zone;
}

std::vector<std::string_view> fields_of(std::vector<std::string_view> words) {
  if (words.empty()) {
    throw cron_fault{"expression", "", "there are no fields", "write minute, hour, day of month, month, day of week"};
  }
  if (words.front().front() == '@') {
    const auto name = in_capitals(words.front());
    const auto* found =
      std::find_if(std::begin(macros), std::end(macros), [&](const auto& m) { return m.name == name; });
    if (found == std::end(macros) || words.size() > 1) {
      throw cron_fault{"expression", std::string{words.front()}, "this is no macro, or something stands behind it",
                       name == "@EVERY"
                         ? "use an aligned interval instead of a cron expression"
                         : "there are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"};
    }
    return words_of(found->fields);
  }
  if (words.size() < 5 || words.size() > 7) {
    throw cron_fault{"expression", fmt::format("{} fields", words.size()), "there are 5, 6 or 7 fields",
                     "write minute, hour, day of month, month, day of week; in front of them the second; behind these "
                     "six the year"};
  }
  return words;
}

/// Reads the day of the week with its `+`; the canonical text of it.
std::string read_weekday(std::string_view text, cron_set& set) {
  auto field = in_capitals(text);
  if (!field.empty() && field.front() == '+') {
    set.days.both = true;
    field.erase(0, 1);
    if (field.empty()) {
      throw cron_fault{"day of week", "+", "nothing stands behind +",
                       "write +MON when the day of month must agree, too"};
    }
  }
  read_field(cron_field::day_of_week, field, set);
  return field;
}

bool has_star_step(std::string_view field) noexcept {
  return field.find("*/") != field.npos;
}

void check_both_day_fields(std::string_view day, std::string_view weekday, const cron_set& set) {
  const auto& days = set.days;
  if (days.both || days.any_day || days.any_weekday || (!has_star_step(day) && !has_star_step(weekday))) {
    return;
  }
  const auto in_day = has_star_step(day);
  throw cron_fault{in_day ? "day of month" : "day of week", std::string{in_day ? day : weekday},
                   fmt::format("a step on * beside a restricted {} ({}) means something else in every scheduler",
                               in_day ? "day of week" : "day of month", in_day ? weekday : day),
                   fmt::format("write + in front of the day of week when both must agree (+{}), or the days as a range "
                               "with a step (1-31/2, 0-6/2) when either is enough",
                               weekday)};
}

void check_dates(std::string_view day, std::string_view month, std::string_view weekday, std::string_view year,
                 const cron_set& set) {
  if (has_a_date(set)) {
    return;
  }
  throw cron_fault{
    "day of month",
    fmt::format("{} in month {}{}{}", day, month, set.days.any_weekday ? "" : " on ",
                set.days.any_weekday ? "" : std::string{set.days.both ? "+" : ""} + std::string{weekday}),
    set.any_year ? std::string{"no year has such a date (a cycle of 400 years was looked through)"}
                 : fmt::format("none of the years {} has such a date", year),
    "write L for the last day of a month, or take out the month that is too short"};
}

cron_text read_expression(std::string_view expression) {
  auto words = words_of(expression);
  cron_text result;
  result.zone = take_zone(words);
  const auto fields = fields_of(words);
  auto& set = result.set;
  const auto with_seconds = fields.size() > 5;
  set.whole_minutes = !with_seconds;
  set.seconds = with_seconds ? 0 : 1;
  set.any_year = fields.size() < 7;
  std::vector<std::string> canonical;
  auto field = with_seconds ? cron_field::second : cron_field::minute;
  for (const auto& text : fields) {
    if (field == cron_field::day_of_week) {
      canonical.push_back(read_weekday(text, set));
    } else {
      canonical.push_back(in_capitals(text));
      read_field(field, canonical.back(), set);
    }
    field = static_cast<cron_field>(static_cast<int>(field) + 1);
  }
  const auto minute = with_seconds ? 1u : 0u;
  set.interval_like = canonical[minute].front() == '*' || canonical[minute + 1].front() == '*';
  const auto& day = canonical[minute + 2];
  const auto& weekday = canonical[minute + 4];
  check_both_day_fields(day, weekday, set);
  check_dates(day, canonical[minute + 3], weekday, canonical.back(), set);
  if (set.days.both) {
    canonical[minute + 4].insert(0, 1, '+');
  }
  for (const auto& text : canonical) {
    result.canonical += (result.canonical.empty() ? "" : " ") + (text == "?" ? "*" : without_zeros(text));
  }
  return result;
}

} // namespace

expected<cron_text> parse_cron(std::string_view expression) {
  try {
    if (expression.size() > max_expression) {
      throw cron_fault{"expression", fmt::format("{} bytes", expression.size()), "an expression has at most 1000 bytes",
                       "make several calendars of it and unite them"};
    }
    return read_expression(expression);
  } catch (const cron_fault& f) {
    return fail(errc::invalid_schedule, fmt::format("cron expression {}: {} {}: {}; {}", quote(expression), f.field,
                                                    quote(f.value), f.rule, f.hint));
  }
}

} // namespace djm::impl
