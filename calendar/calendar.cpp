#include "djm/calendar.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "calendar/calendar_data.hpp"
#include "calendar/cron_parse.hpp"
#include "calendar/seconds.hpp"
#include "djm/time_zone.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

using impl::calendar_data;
using impl::calendar_part;
using impl::cron_source;
using impl::grid_source;
using impl::instant_source;
using impl::slot_source;

constexpr auto least_interval = std::chrono::seconds{1};
constexpr auto longest_interval = std::chrono::hours{24 * 366};

error problem_of(std::string text) {
  return {errc::invalid_schedule, std::move(text)};
}

calendar of(calendar_data data) {
  return calendar{std::make_shared<const calendar_data>(std::move(data))};
}

/// A changed copy; `f` may say what it refuses. Once refused, a calendar stays as it is.
template <class F>
calendar changed(const calendar& c, F f) {
  if (c.data().problem.code != errc::none) {
    return c;
  }
  auto data = c.data();
  f(data);
  return of(std::move(data));
}

std::size_t size_of(const calendar_data& data) {
  std::size_t result = 0;
  for (const auto& part : data.parts) {
    result += 1 + part.exceptions.size();
  }
  return result;
}

/// A calendar that became too large is refused.
void check_size(calendar_data& data) {
  if (const auto size = size_of(data); size > calendar::max_parts) {
    data.problem =
      problem_of(fmt::format("a calendar of {} parts and exceptions; it has at most {}", size, calendar::max_parts));
    data.parts.clear();
  }
}

void set_zone(slot_source& source, const std::string& zone) {
  if (auto* c = std::get_if<cron_source>(&source); c != nullptr && !c->zone) {
    c->zone = zone;
  }
}

bool same(const grid_source& a, const grid_source& b) {
  return a.interval == b.interval && a.phase == b.phase;
}
bool same(const instant_source& a, const instant_source& b) {
  return a.at == b.at;
}

/// Zones without a name of their own are those of the parts.
bool same(const slot_source& a, const slot_source& b, const std::string& zone_a, const std::string& zone_b) {
  if (a.index() != b.index()) {
    return false;
  }
  if (const auto* x = std::get_if<cron_source>(&a)) {
    const auto& y = std::get<cron_source>(b);
    return x->set == y.set && x->zone.value_or(zone_a) == y.zone.value_or(zone_b);
  }
  if (const auto* x = std::get_if<grid_source>(&a)) {
    return same(*x, std::get<grid_source>(b));
  }
  return same(std::get<instant_source>(a), std::get<instant_source>(b));
}

dst_choice dst_of(const slot_source& source) {
  const auto* c = std::get_if<cron_source>(&source);
  return c == nullptr ? dst_choice{} : c->dst.value_or(dst_choice{});
}

bool same(const calendar_part& a, const calendar_part& b) {
  const auto zone_a = impl::zone_of(a);
  const auto zone_b = impl::zone_of(b);
  return same(a.source, b.source, zone_a, zone_b) && dst_of(a.source) == dst_of(b.source) &&
         std::equal(a.exceptions.begin(), a.exceptions.end(), b.exceptions.begin(), b.exceptions.end(),
                    [&](const auto& x, const auto& y) { return same(x, y, zone_a, zone_b); });
}

} // namespace

namespace impl {

std::string zone_of(const calendar_part& part) {
  const auto* c = std::get_if<cron_source>(&part.source);
  return c == nullptr ? "UTC" : c->zone.value_or("UTC");
}

calendar single(slot_source source) {
  calendar_data data;
  data.parts.push_back({std::move(source), {}});
  return of(std::move(data));
}

calendar refused(error problem) {
  calendar_data data;
  data.problem = std::move(problem);
  return of(std::move(data));
}

} // namespace impl

calendar::calendar() : data_(std::make_shared<const impl::calendar_data>()) {}

calendar calendar::zone(std::string_view name) const {
  return changed(*this, [&](calendar_data& data) {
    if (!is_time_zone_name(name)) {
      data.problem = problem_of(fmt::format("time zone {} is no name of the tz database; such a name is "
                                            "\"Europe/Berlin\"",
                                            impl::quote(name)));
      return;
    }
    for (auto& part : data.parts) {
      set_zone(part.source, std::string{name});
      if (!std::holds_alternative<cron_source>(part.source)) {
        // Others get the zone of the expression that they are taken from.
        for (auto& exception : part.exceptions) {
          set_zone(exception, std::string{name});
        }
      }
    }
  });
}

calendar calendar::dst(dst_choice choice) const {
  return changed(*this, [&](calendar_data& data) {
    for (auto& part : data.parts) {
      if (auto* c = std::get_if<cron_source>(&part.source); c != nullptr && !c->dst) {
        c->dst = choice;
      }
    }
  });
}

calendar calendar::operator|(const calendar& other) const {
  return changed(*this, [&](calendar_data& data) {
    const auto& more = other.data();
    data.problem = more.problem;
    data.parts.insert(data.parts.end(), more.parts.begin(), more.parts.end());
    check_size(data);
  });
}

calendar calendar::except(const calendar& other) const {
  return changed(*this, [&](calendar_data& data) {
    const auto& less = other.data();
    if (const auto ok = other.check(); !ok) {
      data.problem = ok.error();
      return;
    }
    for (auto& part : data.parts) {
      for (const auto& exception : less.parts) {
        if (!exception.exceptions.empty()) {
          data.problem = problem_of("an exception of a calendar has exceptions itself; unite calendars instead");
          return;
        }
        part.exceptions.push_back(exception.source);
      }
    }
    check_size(data);
  });
}

expected<void> calendar::check() const {
  if (data_->problem.code != errc::none) {
    return tl::make_unexpected(data_->problem);
  }
  if (data_->parts.empty()) {
    return fail(errc::invalid_schedule, "a calendar without any part; write one with cron, aligned or once");
  }
  return {};
}

bool operator==(const calendar& a, const calendar& b) {
  const auto& x = a.data();
  const auto& y = b.data();
  return x.problem == y.problem && std::equal(x.parts.begin(), x.parts.end(), y.parts.begin(), y.parts.end(),
                                              [](const auto& p, const auto& q) { return same(p, q); });
}

calendar cron(std::string_view expression) {
  auto parsed = impl::parse_cron(expression);
  if (!parsed) {
    return impl::refused(std::move(parsed.error()));
  }
  cron_source source;
  source.set = parsed->set;
  source.text = std::move(parsed->canonical);
  if (!parsed->zone.empty()) {
    source.zone = std::move(parsed->zone);
  }
  return impl::single(std::move(source));
}

calendar aligned(any_duration interval, any_duration phase) {
  using std::chrono::milliseconds;
  const auto whole = [](duration d) { return d % milliseconds{1} == duration::zero(); };
  if (interval < least_interval || interval > longest_interval || !whole(interval)) {
    return impl::refused(problem_of(fmt::format("aligned: the interval is {}; it is from 1s to 366 days, in whole "
                                                "milliseconds",
                                                describe_duration(interval))));
  }
  if (phase < duration::zero() || phase >= interval || !whole(phase)) {
    return impl::refused(problem_of(fmt::format("aligned: the phase is {}; it is from zero to below the interval, {}, "
                                                "in whole milliseconds",
                                                describe_duration(phase), describe_duration(interval))));
  }
  return impl::single(grid_source{interval / milliseconds{1}, phase / milliseconds{1}});
}

calendar once(wall_time instant) {
  if (instant < impl::to_wall_time(impl::first_second) || instant >= impl::to_wall_time(impl::last_second + 1)) {
    return impl::refused(problem_of("once: the instant is not in the years 0000 to 9999"));
  }
  return impl::single(instant_source{instant});
}

} // namespace djm
