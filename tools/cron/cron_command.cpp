#include "tools/cron/cron_command.hpp"

#include <charconv>
#include <chrono>
#include <optional>

#include "djm/calendar.hpp"
#include "djm/local_time.hpp"
#include "djm/timetable.hpp"

namespace djm::tool {

namespace {

constexpr const char* usage =
  "usage: djm cron next EXPR [--zone Z] [--dst cron|literal|once] [--from INSTANT] [--count N]\n"
  "  Prints when the cron expression EXPR (one argument) is due, one ISO 8601 instant a line, as the clocks of its "
  "zone\n"
  "  show it. Nothing and exit code 3 when it is never due; exit code 2 and the reason when it is refused.\n"
  "  --zone Z        a name of the tz database; CRON_TZ= in EXPR wins (UTC)\n"
  "  --dst RULE      what changed clocks mean: cron, literal, once, or by hand, such as skip+first (cron)\n"
  "  --from INSTANT  the first line is later than this, such as 2026-03-29T01:00:00+01:00 (now)\n"
  "  --count N       so many lines, or fewer when no more come, from 1 to 100000 (5)\n"
  "  --zones FOLDER  where the tz database is (/usr/share/zoneinfo)\n";

constexpr std::size_t most_lines = 100'000;

/// What stands on the command line, as texts.
struct command_line {
  std::optional<std::string> expression;
  std::string zone;
  std::string dst = "cron";
  std::string from;
  std::string count = "5";
  std::string zones = system_time_zones;
};

std::string* option_of(command_line& line, std::string_view name) {
  if (name == "--zone") {
    return &line.zone;
  }
  if (name == "--dst") {
    return &line.dst;
  }
  if (name == "--from") {
    return &line.from;
  }
  if (name == "--count") {
    return &line.count;
  }
  return name == "--zones" ? &line.zones : nullptr;
}

/// An expression may begin with a dash, so only two of them make an option.
std::optional<command_line> parse(const std::vector<std::string>& arguments) {
  command_line result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].substr(0, 2) != "--") {
      if (result.expression) {
        return std::nullopt;
      }
      result.expression = arguments[i];
      continue;
    }
    auto* option = option_of(result, arguments[i]);
    if (option == nullptr || ++i == arguments.size()) {
      return std::nullopt;
    }
    *option = arguments[i];
  }
  return result.expression ? std::optional{result} : std::nullopt;
}

/// What to print.
struct question {
  timetable slots;
  wall_time from;
  std::size_t count;
};

expected<std::size_t> count_of(const std::string& text) {
  std::size_t result = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (status != std::errc{} || end != text.data() + text.size() || result < 1 || result > most_lines) {
    return fail(errc::invalid_config, "--count \"" + text + "\" is no number from 1 to " + std::to_string(most_lines));
  }
  return result;
}

expected<wall_time> from_of(const std::string& text) {
  if (text.empty()) {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  return parse_instant(text);
}

expected<question> ask(const command_line& line) {
  auto c = cron(*line.expression);
  if (!line.zone.empty()) {
    c = c.zone(line.zone);
  }
  const auto dst = dst_choice_of(line.dst);
  if (!dst) {
    return fail(errc::invalid_schedule, "--dst \"" + line.dst + "\" is no rule; there are cron, literal and once");
  }
  auto slots = timetable::make(c.dst(*dst), time_zones_in(line.zones));
  if (!slots) {
    return tl::make_unexpected(std::move(slots.error()));
  }
  const auto from = from_of(line.from);
  if (!from) {
    return tl::make_unexpected(from.error());
  }
  const auto count = count_of(line.count);
  if (!count) {
    return tl::make_unexpected(count.error());
  }
  return question{*std::move(slots), *from, *count};
}

} // namespace

int cron_next_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  const auto line = parse(arguments);
  if (!line) {
    err << usage;
    return 1;
  }
  const auto asked = ask(*line);
  if (!asked) {
    err << "djm cron next: " << asked.error().text << '\n';
    return 2;
  }
  const auto slots = asked->slots.next(asked->from, asked->count);
  for (const auto slot : slots) {
    out << format_local_time(slot, asked->slots.zone()) << '\n';
  }
  return slots.empty() ? 3 : 0;
}

} // namespace djm::tool
