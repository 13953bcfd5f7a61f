#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/jitter.hpp"
#include "test/unit/cores/runner.hpp"

namespace djm::test {

using std::chrono::minutes;
using hours_t = std::chrono::hours;

/// 2023-11-15T00:00:00Z: the test's times are hours and minutes of this day.
constexpr std::int64_t midnight_ms = 1'700'006'400'000;

struct start {
  run_id run;
  std::vector<item_id> items;
  run_purpose purpose;
};

/// One node with a wall clock that may be set. Moments are its boot time since midnight.
class slot_node {
public:
  explicit slot_node(const calendar& c, slot_rules rules = {}, running_mode mode = running_mode::thread_per_item)
    : core_(settings(c, rules, mode)) {
    take(core_.on_lease(boot(hours_t{10'000}), boot(hours_t{10'001}), now()));
  }

  static job_runner_core::settings settings(const calendar& c, slot_rules rules, running_mode mode) {
    job_runner_core::settings s;
    s.spec = runner::job(schedule::by(c).value());
    s.spec.slots = rules;
    s.spec.slots.remember = rules.remember.value_or(djm::slots::forget); // nobody answers what is asked of slots
    s.spec.mode = mode;
    s.table = timetable::make(c, zones()).value();
    s.stop_grace = seconds{2};
    return s;
  }
  static time_zone_source zones() {
    return [](std::string_view name) -> expected<time_zone> {
      return time_zone::from_rule(std::string{name}, "CET-1CEST,M3.5.0,M10.5.0/3");
    };
  }

  static time_point boot(duration d) { return time_point{hours_t{1} + d}; }
  step now() const {
    const auto day = std::chrono::floor<milliseconds>(at_ + clock_);
    return {boot(at_), 7, midnight_ms + day.count(), at_ + clock_ - day};
  }

  void grant(const item_id& id) { take(core_.on_granted({{id, 1}}, now())); }
  void revoke(const item_id& id) { take(core_.on_revoked({id}, stop_reason::revoked, now())); }
  void lease(duration from_now) {
    take(core_.on_lease(now().now + from_now, now().now + from_now + seconds{5}, now()));
  }
  void end(run_id id, bool failed = false) { take(core_.on_run_done(id, "it failed", failed, now())); }
  /// Everything that the core asks to be woken for happens in time.
  void go_to(duration when) {
    for (int wakes = 0; core_.wake_at() && *core_.wake_at() <= boot(when); ++wakes) {
      REQUIRE_MESSAGE(wakes < 20'000, "woken again and again");
      at_ = std::max(at_, duration{*core_.wake_at() - boot(duration::zero())});
      take(core_.on_wake(now()));
    }
    at_ = when;
  }
  /// Nothing happens in between: the machine was suspended.
  void sleep_to(duration when) {
    at_ = when;
    take(core_.on_wake(now()));
  }
  /// The wall clock is set by so much.
  void set_clock(duration by) {
    clock_ += by;
    take(core_.on_wake(now()));
  }
  /// The same, and nothing wakes the node for it.
  void drift(duration by) { clock_ += by; }
  void end_all(bool failed = false) {
    while (!running.empty()) {
      end(*running.begin(), failed);
    }
  }
  /// The items that are in a run.
  std::set<item_id> at_work() const {
    std::set<item_id> items;
    for (const auto& s : starts) {
      if (running.count(s.run) > 0) {
        items.insert(s.items.begin(), s.items.end());
      }
    }
    return items;
  }
  /// The run of this item ends.
  void end_of(const item_id& item) {
    const auto s = std::find_if(starts.begin(), starts.end(), [&](const start& x) {
      return running.count(x.run) > 0 && x.items == std::vector<item_id>{item};
    });
    REQUIRE(s != starts.end());
    end(s->run);
  }
  void take(const job_runner_core::effects& fx) {
    for (const auto& e : fx) {
      if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
        std::vector<item_id> items;
        for (const auto& w : s->items) {
          items.push_back(w.id);
        }
        starts.push_back({s->id, items, s->purpose});
        running.insert(s->id);
      } else if (const auto* x = std::get_if<job_runner_core::stop_run>(&e)) {
        stops.push_back(x->reason);
      } else if (const auto* w = std::get_if<job_runner_core::ask_slot>(&e)) {
        asks.push_back(w->wish);
      } else if (const auto* r = std::get_if<job_runner_core::released>(&e)) {
        released.insert(released.end(), r->items.begin(), r->items.end());
      } else if (const auto* d = std::get_if<job_runner_core::declined>(&e)) {
        declined.insert(declined.end(), d->items.begin(), d->items.end());
      } else if (const auto* m = std::get_if<emit_effect>(&e)) {
        if (const auto* i = std::get_if<slot_interrupted>(&m->what)) {
          interrupted.push_back(*i);
        } else if (const auto* p = std::get_if<items_parked>(&m->what)) {
          parked.push_back(*p);
        } else if (const auto* k = std::get_if<slots_skipped>(&m->what)) {
          skipped.push_back(*k);
        } else if (const auto* f = std::get_if<run_finished>(&m->what)) {
          running.erase(f->run);
        } else if (const auto* b = std::get_if<run_failed>(&m->what)) {
          running.erase(b->run);
        }
      }
    }
  }
  /// "02:30 03:30": the slots of all starts so far, forgotten afterwards.
  std::string slots() {
    std::string text;
    for (const auto& s : std::exchange(starts, {})) {
      text += (text.empty() ? "" : " ") + (s.purpose.slot ? clock_text(*s.purpose.slot) : "none");
    }
    return text;
  }
  /// "3 overlap 02:30-04:30".
  std::string told() {
    std::string text;
    for (const auto& k : std::exchange(skipped, {})) {
      text += (text.empty() ? "" : "; ") + std::to_string(k.count) + " " + to_string(k.reason) + " " +
              clock_text(k.first) + "-" + clock_text(k.last);
    }
    return text;
  }
  static std::string clock_text(std::int64_t ms) { return format_time(wall_time{milliseconds{ms}}).substr(11, 5); }

  job_runner_core core_;
  std::vector<start> starts;
  std::set<run_id> running;
  std::vector<stop_reason> stops;
  std::vector<slots_skipped> skipped;
  std::vector<slot_wish> asks;
  std::vector<item_id> released, declined;
  std::vector<slot_interrupted> interrupted;
  std::vector<items_parked> parked;

private:
  duration at_ = duration::zero();
  duration clock_ = duration::zero();
};

inline slot_rules with(djm::overlap o) {
  slot_rules r;
  r.overlap = o;
  return r;
}

inline slot_rules with(catch_up c, any_duration window = hours_t{24}) {
  slot_rules r;
  r.catch_up = c;
  r.window = window;
  return r;
}

} // namespace djm::test
