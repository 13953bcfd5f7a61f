#include "djm/schedule.hpp"

#include "djm/calendar.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

expected<void> in_range(const char* name, duration value, duration least, const char* rule) {
  if (value >= least && value <= max_schedule_duration) {
    return {};
  }
  return fail(errc::invalid_schedule, std::string{"schedule."} + name + " is " + describe_duration(value) +
                                        "; it must be " + rule + " and at most " +
                                        describe_duration(max_schedule_duration));
}

} // namespace

std::string to_string(schedule_kind kind) {
  return enum_text(kind);
}

expected<schedule> schedule::by(const djm::calendar& c) {
  if (auto ok = c.check(); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return schedule{schedule_kind::calendar, duration::zero(), duration::zero(), {}, djm::to_string(c)};
}

std::string describe_schedule(const schedule& s) {
  auto text = to_string(s.kind);
  if (s.kind == schedule_kind::on_trigger) {
    return text;
  }
  if (s.kind == schedule_kind::calendar) {
    return text + " " + s.calendar;
  }
  text += " every " + describe_duration(s.period);
  if (s.initial_delay != duration::zero()) {
    text += ", first after " + describe_duration(s.initial_delay);
  }
  if (s.phase) {
    text += ", at " + describe_duration(*s.phase);
  }
  return text;
}

expected<void> validate(const schedule& s) {
  if (!is_enumerator(s.kind)) {
    return fail(errc::invalid_schedule, "schedule.kind is " + to_string(s.kind) + ", which is no kind of schedule");
  }
  if (s.kind == schedule_kind::calendar) {
    if (auto c = parse_calendar(s.calendar); !c) {
      return fail(c.error().code, "schedule.calendar: " + c.error().text);
    }
    if (s.phase || s.initial_delay != duration::zero()) {
      return fail(
        errc::invalid_schedule,
        "schedule: a calendar has neither a phase nor an initial delay; djm::aligned(interval, phase) has one");
    }
    return {};
  }
  if (!s.calendar.empty()) {
    return fail(errc::invalid_schedule, "schedule.calendar is " + impl::quote(s.calendar) +
                                          "; it must be empty unless schedule.kind is calendar, and that is " +
                                          to_string(s.kind));
  }
  if (s.kind != schedule_kind::on_trigger) {
    if (auto ok = in_range("period", s.period, duration{1}, "above zero"); !ok) {
      return ok;
    }
  }
  if (s.kind != schedule_kind::on_trigger && s.phase && (*s.phase < duration::zero() || *s.phase >= s.period)) {
    return fail(errc::invalid_schedule, "schedule.phase is " + describe_duration(*s.phase) +
                                          "; it must be zero or more and below the period, " +
                                          describe_duration(s.period));
  }
  return in_range("initial_delay", s.initial_delay, duration::zero(), "zero or more");
}

} // namespace djm
