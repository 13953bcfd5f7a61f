#include <doctest/doctest.h>

#include <cmath>

#include "test/unit/cores/cost.hpp"
#include "test/unit/cores/runner.hpp"

/// What an event costs, in records and places of queues that the runner looks at: no clock is asked.
using namespace djm;
using namespace djm::test;

namespace {

constexpr int least = 1'000;
constexpr int most = 100'000;

std::vector<work_item> some_items(int from, int to) {
  std::vector<work_item> items;
  for (int n = from; n < to; ++n) {
    items.push_back({item_id{"item-" + std::to_string(n)}, n + 1});
  }
  return items;
}

std::vector<item_id> names_of(const std::vector<work_item>& items) {
  std::vector<item_id> names;
  names.reserve(items.size());
  for (const auto& w : items) {
    names.push_back(w.id);
  }
  return names;
}

/// A runner that holds so many items, on a wall clock that goes with its own.
class meter {
public:
  meter(const job_spec& spec, int items) : core(settings(spec)) {
    lease(1e6);
    come(0, items);
  }
  /// The mean of what these events have looked at.
  template <class F>
  double looks(int events, F f) {
    const auto before = work_of(core);
    for (int n = 0; n < events; ++n) {
      f(n);
    }
    return static_cast<double>(work_of(core) - before) / events;
  }

  void come(int from, int to) { take(core.on_granted(some_items(from, to), moment())); }
  void go(const std::vector<item_id>& items) { take(core.on_revoked(items, stop_reason::revoked, moment())); }
  void lease(double until) { take(core.on_lease(at(until), at(until + 5), moment())); }
  void end(run_id id) { take(core.on_run_done(id, job_runner_core::run_end{}, moment())); }
  void end_next() { end(++ended_); }
  void release(const item_id& item) { take(core.on_run_released(last, {item}, moment())); }
  void wake() { take(core.on_wake(moment())); }
  /// Wakes the core at its next moments until it has started something.
  void wait_for_start() {
    int wakes = 0;
    for (const auto before = last; last == before; wake()) {
      REQUIRE_MESSAGE(++wakes < 1000, "the runner wants to be woken again and again");
      // A little late: a moment is more exact than a double.
      t = std::max(t, std::chrono::duration<double>(core.wake_at().value().time_since_epoch()).count() + 1e-6);
    }
  }
  template <class Effects>
  void take(const Effects& effects) {
    for (const auto& e : effects) {
      if (const auto* x = std::get_if<job_runner_core::start_run>(&e)) {
        last = x->id;
      }
    }
  }
  step moment() const { return {at(t), 7, std::llround(t * 1000)}; }

  job_runner_core core;
  double t = 0;
  run_id last = 0;

private:
  static job_runner_core::settings settings(const job_spec& spec) {
    job_runner_core::settings s;
    s.spec = spec;
    s.stop_grace = seconds{2};
    return s;
  }
  run_id ended_ = 0;
};

job_spec with(running_mode mode, djm::schedule s, new_items_policy policy = new_items_policy::next_run) {
  auto spec = runner::job(s);
  spec.mode = mode;
  spec.on_new_items = policy;
  return spec;
}

/// Single events while all items have a lane each, and each is due at a time of its own.
costs events_of_many_lanes(const job_spec& spec, int n) {
  costs c;
  meter m{spec, n};
  if (!spec.schedule.lasting()) {
    c["a run ends among others"] = m.looks(n, [&](int) {
      m.t += 1e-5;
      m.end_next();
    });
  }
  c["a lane is due"] = m.looks(50, [&](int) { m.wait_for_start(); });
  c["its run ends"] = m.looks(50, [&](int) { m.end_next(); });
  c["a lease is renewed"] = m.looks(20, [&](int) { m.lease(1e6); });
  c["a wake without a cause"] = m.looks(20, [&](int) { m.wake(); });
  c["an item comes"] = m.looks(50, [&](int k) { m.come(n + k, n + k + 1); });
  c["an item goes"] = m.looks(50, [&](int k) { m.go({item_id{"item-" + std::to_string(n / 2 + k)}}); });
  return c;
}

/// Single events while all lanes are due and few have a place.
costs events_of_a_crowd(int n) {
  costs c;
  auto spec = with(running_mode::thread_per_item, schedule::fixed_rate(seconds{10}));
  spec.max_concurrent_runs = 8;
  meter m{spec, n};
  c["a run ends, another takes its place"] = m.looks(100, [&](int) { m.end_next(); });
  c["a lease is renewed"] = m.looks(20, [&](int) { m.lease(1e6); });
  c["an item comes"] = m.looks(50, [&](int k) { m.come(n + k, n + k + 1); });
  c["an item goes"] = m.looks(50, [&](int k) { m.go({item_id{"item-" + std::to_string(n / 2 + k)}}); });
  return c;
}

/// Single events while one run has all items.
costs events_of_one_run(new_items_policy policy, int n) {
  costs c;
  meter m{with(running_mode::single_thread, schedule::fixed_delay(seconds{10}), policy), n};
  const auto whole = m.last;
  c["an item comes"] = m.looks(50, [&](int k) { m.come(n + k, n + k + 1); });
  c["an item of the run goes"] = m.looks(50, [&](int k) { m.go({item_id{"item-" + std::to_string(k)}}); });
  m.last = whole;
  c["the run releases an item"] = m.looks(50, [&](int k) { m.release(item_id{"item-" + std::to_string(k)}); });
  c["a lease is renewed"] = m.looks(20, [&](int) { m.lease(1e6); });
  return c;
}

costs commands(int n) {
  costs c;
  meter m{with(running_mode::thread_per_item, schedule::fixed_delay(seconds{10})), 1};
  c["all come"] = m.looks(1, [&](int) { m.come(1, n); });
  m.t = 2;
  c["a lease ends"] = m.looks(1, [&](int) { m.lease(1); });
  c["a lease returns"] = m.looks(1, [&](int) { m.lease(1e6); });
  c["all runs end"] = m.looks(1, [&](int) {
    for (int k = 0; k < n; ++k) {
      m.end_next();
    }
  });
  m.t = 5;
  c["another schedule"] =
    m.looks(1, [&](int) { m.take(m.core.on_schedule(schedule::fixed_rate(seconds{50}), m.moment()).value()); });
  c["a trigger"] = m.looks(1, [&](int) { m.take(m.core.on_trigger(m.moment())); });
  c["status"] = m.looks(1, [&](int) { m.core.status(at(m.t)); });
  c["all go"] = m.looks(1, [&](int) { m.go(names_of(some_items(0, n))); });
  c["a stop"] = m.looks(1, [&](int) { m.take(m.core.on_stop(stop_reason::shutdown, m.moment())); });
  CHECK(m.core.status(at(m.t)).active_runs == static_cast<std::uint32_t>(n)); // those that were triggered
  return c;
}

template <class Costs>
void compare_at(const char* what, double limit, Costs costs_of) {
  compare(std::string{"job runner, "} + what, {least, costs_of(least)}, {most, costs_of(most)}, limit);
}

} // namespace

TEST_CASE("runner: what an event costs does not grow with the items that it is not about") {
  const auto delay = schedule::fixed_delay(seconds{10});
  const std::pair<const char*, job_spec> jobs[] = {
    {"lanes with a delay", with(running_mode::thread_per_item, delay)},
    {"lanes on the grid", with(running_mode::thread_per_item, schedule::fixed_rate(hours{1}))},
    {"lanes with own runs", with(running_mode::thread_per_item, delay, new_items_policy::own_run)},
    {"lanes that restart", with(running_mode::thread_per_item, delay, new_items_policy::restart)},
  };
  for (const auto& job : jobs) {
    compare_at(job.first, event_limit, [&](int n) { return events_of_many_lanes(job.second, n); });
  }
  compare_at("lanes that wait for a place", event_limit, events_of_a_crowd);
  compare_at("one run", event_limit, [](int n) { return events_of_one_run(new_items_policy::next_run, n); });
  compare_at("one run, and others beside it", event_limit,
             [](int n) { return events_of_one_run(new_items_policy::own_run, n); });
}

TEST_CASE("runner: what a command to all costs grows as their number") {
  compare_at("commands", command_limit, commands);
}

TEST_CASE("runner: what a run owes is looked at once, however often it was taken away and given back before") {
  meter m{with(running_mode::single_thread, schedule::fixed_delay(seconds{10})), least};
  m.go({"item-0"}); // owed all the time
  const auto to_and_fro = [&](int times) {
    return m.looks(times, [&](int) {
      m.go({"item-1"});
      m.come(1, 2);
    });
  };
  const auto first = to_and_fro(100);
  to_and_fro(10'000);
  CHECK(to_and_fro(100) < 2 * first + 10);
  const auto before = m.core.looks();
  m.t = 5; // beyond the grace: it is asked for what it owes
  m.wake();
  CHECK(m.core.looks() - before < 200);
}
