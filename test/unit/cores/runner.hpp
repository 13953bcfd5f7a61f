#pragma once

#include <string>
#include <utility>
#include <vector>

#include "test/unit/cores/show.hpp"

namespace djm::test {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A runner core under test; members return what the core wants done, as text. Times are in seconds.
class runner {
public:
  explicit runner(job_spec spec) : core(with(std::move(spec))) {}

  static job_spec job(djm::schedule s = djm::schedule::fixed_delay(seconds{10})) {
    job_spec spec;
    spec.id = "j";
    spec.schedule = std::move(s);
    return spec;
  }

  std::string granted(double t, const std::vector<work_item>& items) { return take(core.on_granted(items, when(t))); }
  std::string granted_some(double t, const std::vector<work_item>& items) {
    return take(core.on_items(items, true, when(t)));
  }
  std::string revoked(double t, const std::vector<item_id>& items, stop_reason why = stop_reason::revoked) {
    return take(core.on_revoked(items, why, when(t)));
  }
  /// A lease far beyond every test, unless told.
  std::string leased(double t, double run_until = 1e6, double deadline = 1e6 + 5) {
    return take(core.on_lease(at(run_until), at(deadline), when(t)));
  }
  std::string done(double t, run_id id) { return take(core.on_run_done(id, {}, false, when(t))); }
  std::string ended(double t, run_id id, const job_runner_core::run_end& end) {
    return take(core.on_run_done(id, end, when(t)));
  }
  std::string failed(double t, run_id id, const std::string& why) {
    return take(core.on_run_done(id, why, true, when(t)));
  }
  std::string run_released(double t, run_id id, const std::vector<item_id>& items) {
    return take(core.on_run_released(id, items, when(t)));
  }
  std::string asks(double t, const item_id& item, duration timeout = seconds{5}) {
    auto effects = core.on_ask(item, timeout, when(t));
    return effects ? take(*effects) : to_string(effects.error().code);
  }
  std::string run_declined(double t, run_id id, const std::vector<item_id>& items, const std::string& why) {
    return take(core.on_run_released(id, items, when(t), why));
  }
  std::string wake(double t) { return take(core.on_wake(when(t))); }
  std::string trigger(double t) { return take(core.on_trigger(when(t))); }
  std::string stop(double t, stop_reason why = stop_reason::shutdown) { return take(core.on_stop(why, when(t))); }
  std::string cut(double t, std::uint64_t request, const std::vector<std::vector<item_id>>& parts) {
    return take(core.on_cut(request, parts, when(t)));
  }
  std::string pool(double t, std::uint64_t request, const std::vector<item_id>& names) {
    return take(core.on_pool(request, names, when(t)));
  }
  std::string reschedule(double t, const djm::schedule& next) {
    auto effects = core.on_schedule(next, when(t));
    return effects ? take(*effects) : to_string(effects.error());
  }
  template <class Effects>
  std::string take(const Effects& effects) {
    seen = events(effects);
    return acts(effects);
  }
  /// When the core wants to be woken, in seconds; -1 for never.
  double wakes() const {
    auto t = core.wake_at();
    return t ? std::chrono::duration<double>(t->time_since_epoch()).count() : -1;
  }

  job_runner_core core;
  /// Events of the latest call.
  std::string seen;

private:
  static job_runner_core::settings with(job_spec spec) {
    job_runner_core::settings s;
    s.spec = std::move(spec);
    s.stop_grace = seconds{2};
    return s;
  }
};

/// Whether the events of the latest call say so.
inline bool tells(const runner& r, const std::string& what) {
  return r.seen.find(what) != std::string::npos;
}

} // namespace djm::test
