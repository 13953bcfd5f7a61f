#include "test/sim/special_jobs.hpp"

#include <vector>

#include <fmt/format.h>

namespace djm::sim {

using namespace std::chrono_literals;

namespace {

/// Whether this seed has something that few have, in the profiles that break things.
bool draws(const scenario_options& o, const char* what, std::uint64_t one_in) {
  return (o.kind == profile::chaos || o.kind == profile::churn || o.kind == profile::partition) && o.only.empty() &&
         chance{o.seed, what}.one_in(one_in);
}

std::vector<item_id> numbered_items(char letter, int count) {
  std::vector<item_id> items;
  for (int n = 0; n < count; ++n) {
    items.emplace_back(fmt::format("{}{:03}", letter, n));
  }
  return items;
}

} // namespace

bool is_something_prepared(const scenario_options& o) {
  return draws(o, "is something prepared", 3);
}

void add_prepared_job(world& w, fault_plan& c, std::uint64_t seed, time_point from, duration trouble) {
  chance dice{seed, "prepared"};
  job_spec spec;
  spec.id = "job-q";
  spec.schedule = schedule::fixed_rate(200ms);
  spec.pool_check_period = 5s;
  spec.pool_timeout = 1s;
  spec.mode = dice.one_in(2) ? running_mode::thread_per_item : running_mode::single_thread;
  spec.prepares = true;
  run_manner m;
  m.least = 5ms;
  m.most = dice.one_in(2) ? 60ms : 1s;
  c.add_job(spec, numbered_items('q', 8), m);
  for (auto orders = dice.below(4); orders > 0; --orders) {
    w.at(from + dice.between(0ms, trouble), [&w] {
      const auto all = w.processes();
      if (!all.empty()) {
        w.ask<std::int64_t>(all.front(), prepare_again{"job-q"}, [](const std::int64_t&) {});
      }
    });
  }
}

std::map<std::size_t, std::int64_t> draw_room(const scenario_options& o, std::size_t machines) {
  std::map<std::size_t, std::int64_t> room;
  if (o.short_room) {
    chance dice{o.seed, "room"};
    for (std::size_t m = 0; m < machines; ++m) {
      room[m] = 1000 * static_cast<std::int64_t>(1 + dice.below(4));
    }
  }
  return room;
}

void add_sized_jobs(world& w, fault_plan& c, std::uint64_t seed) {
  if (w.options().room.empty()) {
    return;
  }
  chance dice{seed, "sized jobs"};
  for (const auto& [machine, room] : w.options().room) {
    w.verdict().of_room().expect(node_id{"n" + std::to_string(machine)}, room);
  }
  static constexpr job_priority priorities[] = {job_priority::low, job_priority::normal, job_priority::high};
  for (int n = 0; n < 3; ++n) {
    job_spec spec;
    spec.id = job_id{fmt::format("sized-{}", n)};
    spec.schedule = schedule::fixed_rate(500ms);
    spec.pool_check_period = 5s;
    spec.pool_timeout = 1s;
    spec.attributes.priority = priorities[n];
    spec.attributes.profile["cpu"] = 1000 * static_cast<std::int64_t>(1 + dice.below(3));
    w.verdict().of_room().expect(spec.id, {n, spec.attributes.profile["cpu"]});
    w.verdict().owes_no_place(spec.id);
    c.add_job(spec, numbered_items(static_cast<char>('u' + n), 4), {});
  }
}

} // namespace djm::sim
