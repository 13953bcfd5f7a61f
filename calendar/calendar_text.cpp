// Calendars as texts.
#include "djm/calendar.hpp"

#include <fmt/format.h>

#include "calendar/calendar_data.hpp"
#include "djm/time_zone.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

using impl::calendar_data;
using impl::cron_source;
using impl::grid_source;
using impl::instant_source;
using impl::slot_source;

/// More than all parts and exceptions that a calendar may have can need.
constexpr std::size_t max_text = 1 << 19;

/// Left out is what holds without it: `zone`, and the rule for changed clocks that every expression has.
std::string shown(const cron_source& c, const std::string& zone) {
  auto result = fmt::format("cron \"{}\"", c.text);
  if (c.zone && *c.zone != zone) {
    result += " zone " + *c.zone;
  }
  if (c.dst && !(*c.dst == dst_choice{})) {
    result += " dst " + to_string(*c.dst);
  }
  return result;
}

std::string shown(const grid_source& g, const std::string&) {
  using std::chrono::milliseconds;
  auto result = "aligned " + format_duration(milliseconds{g.interval});
  if (g.phase != 0) {
    result += " phase " + format_duration(milliseconds{g.phase});
  }
  return result;
}

std::string shown(const instant_source& i, const std::string&) {
  return "once " + format_time(i.at);
}

std::string shown(const slot_source& source, const std::string& zone) {
  return std::visit([&](const auto& x) { return shown(x, zone); }, source);
}

/// Thrown within the reader only.
struct fault {
  std::string text;
};

/// The words of a calendar; what stands in quotation marks is one.
class text_reader {
public:
  explicit text_reader(std::string_view text) : all_(text), rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }

  /// Takes the next word if it is this one.
  bool take(std::string_view word) {
    const auto next = rest_.substr(0, rest_.find(' '));
    if (next != word) {
      return false;
    }
    skip(next.size());
    return true;
  }

  std::string_view word(std::string_view what) {
    const auto next = rest_.substr(0, rest_.find(' '));
    if (next.empty()) {
      refuse(fmt::format("{} is missing", what));
    }
    skip(next.size());
    return next;
  }

  std::string_view quoted() {
    const auto end = rest_.empty() || rest_.front() != '"' ? rest_.npos : rest_.find('"', 1);
    if (end == rest_.npos || (end + 1 < rest_.size() && rest_[end + 1] != ' ')) {
      refuse("a cron expression does not stand between quotation marks and blanks");
    }
    const auto result = rest_.substr(1, end - 1);
    skip(end + 1);
    return result;
  }

  [[noreturn]] void refuse(std::string_view why) const {
    throw fault{fmt::format("calendar {}: {}, at byte {}", impl::quote(all_), why, all_.size() - rest_.size())};
  }

private:
  /// And the blank behind it, which is not the end.
  void skip(std::size_t length) {
    rest_.remove_prefix(length);
    if (rest_.empty()) {
      return;
    }
    rest_.remove_prefix(1);
    if (rest_.empty() || rest_.front() == ' ') {
      refuse("words have one blank between them and none behind them");
    }
  }

  std::string_view all_;
  std::string_view rest_;
};

/// The value, or the end of reading with what is wrong.
template <class T>
T need(expected<T> value) {
  if (!value) {
    throw fault{std::move(value.error().text)};
  }
  return *std::move(value);
}

calendar read_cron(text_reader& in) {
  auto result = cron(in.quoted());
  if (in.take("zone")) {
    result = result.zone(in.word("the zone"));
  }
  if (in.take("dst")) {
    const auto choice = dst_choice_of(in.word("the rule for changed clocks"));
    if (!choice) {
      in.refuse("what stands behind dst is no rule");
    }
    result = result.dst(*choice);
  }
  return result;
}

calendar read_source(text_reader& in) {
  if (in.take("cron")) {
    return read_cron(in);
  }
  if (in.take("aligned")) {
    const auto interval = need(parse_duration(in.word("the interval")));
    const auto phase = in.take("phase") ? need(parse_duration(in.word("the phase"))) : duration::zero();
    return aligned(interval, phase);
  }
  if (in.take("once")) {
    return once(need(parse_time(in.word("the instant"))));
  }
  in.refuse("neither cron, aligned nor once");
}

calendar read_part(text_reader& in) {
  auto result = read_source(in);
  while (in.take("except")) {
    result = result.except(read_source(in));
  }
  return result;
}

calendar read_calendar(text_reader& in) {
  auto result = read_part(in);
  while (in.take("or")) {
    result = result | read_part(in);
  }
  if (!in.at_end()) {
    in.refuse("neither or nor except");
  }
  return result;
}

} // namespace

std::string to_string(const calendar& c) {
  if (!c.check()) {
    return {};
  }
  std::string result;
  for (const auto& part : c.data().parts) {
    result += (result.empty() ? "" : " or ") + shown(part.source, "UTC");
    for (const auto& exception : part.exceptions) {
      result += " except " + shown(exception, impl::zone_of(part));
    }
  }
  return result;
}

expected<calendar> parse_calendar(std::string_view text) {
  try {
    text_reader in{text};
    if (text.size() > max_text) {
      in.refuse("it is longer than 512 KiB");
    }
    auto result = read_calendar(in);
    if (auto ok = result.check(); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
    return result;
  } catch (const fault& f) {
    return fail(errc::invalid_schedule, f.text);
  }
}

} // namespace djm
