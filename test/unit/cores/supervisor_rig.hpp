#pragma once

#include <set>
#include <string>

#include "actors/node/supervisor_core.hpp"
#include "test/unit/cores/show.hpp"

namespace djm::test {

/// A supervisor core, the children it has, and time. Throws when it wants what no node could carry out: a child started
/// beside itself, an order to a runner that is not there, an environment closed under a child.
class supervisor_rig {
public:
  using core_type = supervisor_core;
  using part = core_type::part;

  static core_type::settings settings() {
    core_type::settings s;
    s.backoff_min = std::chrono::milliseconds{100};
    s.backoff_max = std::chrono::seconds{5};
    s.stop_timeout = std::chrono::minutes{15};
    s.operation_deadline = std::chrono::seconds{3};
    return s;
  }

  explicit supervisor_rig(core_type::settings s = settings()) : core(s), started(show(core.start())) {}

  /// Does what the effects want, and tells it.
  std::string show(const core_type::effects& fx) {
    std::string text;
    for (const auto& e : fx) {
      text += (text.empty() ? "" : "; ") + std::visit([this](const auto& x) { return one(x); }, e);
    }
    return text;
  }

  std::string down(part p) {
    parts.erase(p);
    return show(core.on_part_down(p, {errc::internal, "broken"}, now));
  }
  std::string runner_down(const job_id& job) {
    runners.erase(job);
    return show(core.on_runner_down(job, {errc::internal, "broken"}, now));
  }

  /// Nobody runs its code any more.
  std::string gone(const job_id& job) { return show(core.on_job_gone(job)); }

  /// Lets time pass; wakes the core at each moment it names.
  std::string pass(duration d, bool user_code_runs = false) {
    std::string text;
    const auto end = now + d;
    for (int n = 0; core.wake_at() && *core.wake_at() <= end; ++n) {
      if (n > 1000) {
        throw std::runtime_error("the core wakes without rest");
      }
      now = std::max(now, *core.wake_at());
      const auto more = show(core.on_wake(user_code_runs, now));
      text += (text.empty() || more.empty() ? "" : "; ") + more;
    }
    now = end;
    return text;
  }

  core_type core;
  time_point now = at(1000);
  std::set<part> parts;
  std::set<job_id> runners;
  std::set<job_id> jobs; ///< whose code the node holds
  int closed = 0;
  std::string started;

private:
  static void demand(bool ok, const std::string& rule) {
    if (!ok) {
      throw std::logic_error(rule);
    }
  }

  std::string one(const core_type::start_part& x) {
    demand(parts.insert(x.which).second, "a part is started beside itself");
    return (x.rebuilt ? "rebuild " : "start ") + std::string{core_type::name_of(x.which)};
  }
  std::string one(const core_type::start_runner& x) {
    demand(runners.insert(x.job).second, "a runner is started beside itself");
    jobs.insert(x.job);
    return "start runner " + x.job;
  }
  std::string one(const core_type::introduce_all&) { return "introduce all"; }
  std::string one(const core_type::introduce_worker&) { return "introduce worker"; }
  std::string one(const core_type::adopt_runner& x) { return "adopt " + x.job; }
  std::string one(const core_type::offer& x) { return "offer " + x.job; }
  std::string one(const core_type::withdraw& x) { return "withdraw " + x.job; }
  std::string one(const core_type::remove_job& x) { return "remove " + x.job; }
  std::string one(const core_type::let_go& x) {
    runners.erase(x.job);
    return "let go " + x.job;
  }
  std::string one(const core_type::free_job& x) {
    jobs.erase(x.job);
    return "free " + x.job;
  }
  std::string one(const core_type::give_up_job& x) {
    demand(jobs.count(x.job) > 0, "a job is given up that is not there");
    return "give up " + x.job;
  }
  std::string one(const core_type::open_session&) { return "open session"; }
  std::string one(const core_type::end_session&) { return "end session"; }
  std::string one(const core_type::forget_life&) {
    parts.clear();
    return "forget life";
  }
  std::string one(const core_type::refuse_wishes&) { return "refuse wishes"; }
  std::string one(const core_type::stop_runs& x) { return "stop runs " + x.job; }
  std::string one(const core_type::drain_worker&) { return "drain worker"; }
  std::string one(const core_type::hurry_worker&) { return "hurry worker"; }
  std::string one(const core_type::leave&) { return "leave"; }
  std::string one(const core_type::close_session&) { return "close session"; }
  std::string one(const core_type::end_parts&) { return "end parts"; }
  std::string one(const core_type::close_environment&) {
    demand(parts.empty() && runners.empty(), "the environment is closed under a child");
    demand(++closed == 1, "the environment is closed twice");
    return "close environment";
  }
  std::string one(const core_type::finish&) { return "finish"; }
  std::string one(const core_type::report& x) { return "report " + x.component + " " + to_string(x.why.code); }
};

/// A node that is ready, with these jobs.
template <class... Jobs>
supervisor_rig running(const Jobs&... jobs) {
  supervisor_rig s;
  s.core.on_session(store::session_phase::connected);
  s.core.on_joined();
  s.core.on_settled(true);
  (s.show(s.core.add_job(jobs)), ...);
  return s;
}

} // namespace djm::test
