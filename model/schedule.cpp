#include "djm/schedule.hpp"

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

std::string describe_schedule(const schedule& s) {
  auto text = to_string(s.kind);
  if (s.kind == schedule_kind::on_trigger) {
    return text;
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
