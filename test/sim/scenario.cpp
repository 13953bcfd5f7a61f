#include "test/sim/scenario.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "djm/calendar.hpp"
#include "djm/timetable.hpp"
#include "test/sim/outsider.hpp"
#include "test/sim/special_jobs.hpp"
#include "test/sim/user.hpp"

namespace djm::sim {

using namespace std::chrono_literals;

namespace {

struct shape {
  std::size_t machines = 5;
  std::vector<std::size_t> items = {25, 20, 15};
  std::uint64_t least_faults = 8;
  std::uint64_t more_faults = 8;
  duration settle = 4s;
  duration trouble = 15s;
  /// From the healing to the judgement: sessions run out (T), what is gone is broken off (D), back-offs, a sweep.
  duration recovery = 8s;
  duration quiet = 3s;
  bool idle_nodes = false;
};

shape shape_of(profile p, std::uint64_t seed) {
  shape s;
  if (p == profile::partition && chance{seed, "idle nodes"}.one_in(2)) {
    s.idle_nodes = true;
    s.recovery = 11s;
  }
  switch (p) {
  case profile::calm:
    s.least_faults = 5;
    s.more_faults = 5;
    break;
  case profile::scale:
    s.machines = 12;
    s.items = {200, 120, 80};
    s.least_faults = 4;
    s.more_faults = 4;
    break;
  case profile::calendar:
    s.items = {};
    s.least_faults = 8;
    s.more_faults = 10;
    break;
  case profile::chaos:
  case profile::churn:
  case profile::partition: break;
  }
  return s;
}

std::vector<item_id> numbered(char letter, std::size_t n) {
  std::vector<item_id> items;
  for (std::size_t i = 0; i < n; ++i) {
    items.emplace_back(fmt::format("{}{:03}", letter, i));
  }
  return items;
}

/// The longest period that a user sets, the same again when runs of one share did not end together, the grace, and what
/// clocks, messages and threads take.
constexpr duration longest_wait = 2 * 500ms + 300ms + 200ms;

/// Three zones whose clocks are changed every few seconds, by a few: what takes years elsewhere.
time_zone_source make_zones(chance dice) {
  std::map<std::string, time_zone, std::less<>> zones;
  for (const auto* name : {"Sim/A", "Sim/B", "Sim/C"}) {
    auto at = wall_time{1'700'000'000'000ms + 1h};
    std::vector<offset_change> changes;
    for (int n = 0; n < 4; ++n) {
      at += std::chrono::seconds{static_cast<std::int64_t>(2 + dice.below(5))};
      changes.push_back({at, std::chrono::seconds{static_cast<std::int64_t>(dice.below(7)) - 3}});
    }
    zones.emplace(name, time_zone::from_changes(name, 0s, changes).value());
  }
  return [zones](std::string_view name) -> expected<time_zone> {
    const auto z = zones.find(name);
    return z != zones.end() ? expected<time_zone>{z->second} : fail(errc::invalid_schedule, "no such zone");
  };
}

void add_calendar_jobs(world& w, fault_plan& c, const time_zone_source& zones, chance& dice, bool remember) {
  struct kind {
    const char* id;
    calendar when;
    bool own;
    run_manner manner;
  };
  run_manner slow;
  slow.least = 100ms;
  slow.most = 3s;
  run_manner failing;
  failing.throws = 200;
  const std::vector<kind> kinds = {
    {"cal-a", cron("* * * * * *").zone("Sim/A"), true, failing},
    {"cal-b", cron("*/2 * * * * *").zone("Sim/B").dst(dst_rule::literal), true, slow},
    {"cal-c", cron("* 0-59 * * * *").zone("Sim/C") | aligned(1s, 500ms), true, {}},
    {"cal-d", aligned(1s, 250ms), false, {}},
  };
  for (const auto& k : kinds) {
    job_spec spec;
    spec.id = job_id{k.id};
    spec.schedule = schedule::by(k.when).value();
    spec.mode = k.own ? running_mode::thread_per_item : running_mode::single_thread;
    spec.pool_check_period = dice.between(1s, 2500ms);
    spec.pool_timeout = 1s;
    spec.slots.jitter = dice.one_in(2) ? dice.between(0ms, 400ms) : 0ms;
    spec.slots.overlap = static_cast<djm::overlap>(dice.below(3));
    spec.slots.catch_up = static_cast<djm::catch_up>(dice.below(3));
    spec.slots.window = dice.one_in(3) ? dice.between(1s, 5s) : 24h;
    spec.failures.retry = retry{}.attempts(1 + static_cast<std::uint32_t>(dice.below(4))).first(50ms).max(300ms);
    spec.failures.run_timeout = dice.one_in(2) ? 1s : 0s;
    const auto table = timetable::make(k.when, zones).value();
    if (remember && k.own && dice.one_in(3)) { // an item of these has its slots remembered; too close for claims
      spec.slots.remember = djm::slots::finished;
      w.verdict().of_memory().expect(spec.id, table, djm::slots::finished);
    } else {
      w.verdict().of_slots().expect(spec.id, table, k.own);
    }
    c.add_job(spec, numbered(k.id[4], 8), k.manner);
  }
  for (const auto rule : {djm::slots::claimed, djm::slots::tracked, djm::slots::finished}) {
    if (!remember) {
      break;
    }
    job_spec spec;
    spec.id = job_id{"mem-" + to_string(rule)};
    const auto when = cron("*/10 * * * * *").zone("Sim/A").dst(dst_rule::literal);
    spec.schedule = schedule::by(when).value();
    spec.mode = running_mode::thread_per_item;
    spec.pool_check_period = dice.between(1s, 2500ms);
    spec.pool_timeout = 1s;
    spec.slots.remember = rule;
    spec.slots.least_claim_gap = 10s;
    spec.slots.jitter = dice.one_in(2) ? dice.between(0ms, 4000ms) : 0ms;
    spec.slots.overlap = static_cast<djm::overlap>(dice.below(3));
    spec.slots.catch_up = static_cast<djm::catch_up>(dice.below(3));
    spec.failures.retry = retry{}.attempts(1 + static_cast<std::uint32_t>(dice.below(4))).first(50ms).max(300ms);
    run_manner m;
    m.throws = 100;
    m.least = dice.one_in(2) ? 0ms : 200ms;
    m.most = 3s;
    w.verdict().of_memory().expect(spec.id, timetable::make(when, zones).value(), rule);
    c.add_job(spec, numbered(to_string(rule)[0], 6), m);
  }
}

void add_jobs(world& w, fault_plan& c, const shape& s, chance& dice, profile kind) {
  for (std::size_t i = 0; i < s.items.size(); ++i) {
    job_spec spec;
    spec.id = job_id{fmt::format("job-{}", static_cast<char>('a' + i))};
    spec.schedule = i == 1 ? schedule::fixed_delay(200ms) : schedule::fixed_rate(200ms);
    // A node that has nothing to ask for stays with a server that answers reads and nothing else.
    spec.pool_check_period = s.idle_nodes             ? dice.between(5s, 6s)
                             : kind == profile::churn ? dice.between(300ms, 700ms)
                                                      : dice.between(1s, 2500ms);
    spec.pool_timeout = 1s;
    run_manner m;
    if (i == 1 && dice.one_in(2)) {
      spec.mode = running_mode::custom;
    }
    static constexpr const char* strategies[] = {"", "", "evenly_spread", "rendezvous", "evenly_rendezvous", "moody"};
    if (i == 0) {
      spec.attributes.strategy = strategies[dice.below(kind == profile::calm ? 5 : 6)];
    }
    if (i == 2) {
      // Runs that outlast sessions; where exclusion is won or lost.
      m.least = 300ms;
      m.most = 6s;
      m.obeys_within = 150ms;
      m.lets_go = dice.one_in(2) ? 500 : 0;
      spec.on_new_items = static_cast<new_items_policy>(dice.below(3));
    }
    if (kind != profile::calm) {
      m.throws = dice.one_in(3) ? 50 : 0;
      m.stubborn = dice.one_in(5) ? 30 : 0;
    }
    m.saves = i < 3 ? 300 : 0;
    w.verdict().of_turns().expect(spec.id, longest_wait);
    c.add_job(spec, numbered(static_cast<char>('a' + i), s.items[i]), m);
  }
  // A rhythm that has to survive whatever happens to its nodes.
  job_spec slow;
  slow.id = "job-r";
  slow.schedule = schedule::fixed_rate(2s).at(dice.between(0ms, 1900ms));
  slow.pool_check_period = s.idle_nodes ? dice.between(5s, 6s) : dice.between(1s, 2500ms);
  slow.pool_timeout = 1s;
  slow.mode = dice.one_in(2) ? running_mode::thread_per_item : running_mode::single_thread;
  w.verdict().of_turns().expect(slow.id, 2 * slow.schedule.period + longest_wait);
  w.verdict().of_turns().expect_rhythm(slow.id, slow.schedule.period, *slow.schedule.phase);
  c.add_job(slow, numbered('r', 5), {});
  if (kind != profile::calm && dice.one_in(3)) {
    // Nodes that cannot work on some of its items.
    job_spec picky;
    picky.id = "job-p";
    picky.schedule = schedule::fixed_rate(200ms);
    picky.pool_check_period = 5s;
    picky.pool_timeout = 1s;
    picky.mode = dice.one_in(2) ? running_mode::thread_per_item : running_mode::single_thread;
    picky.failures.refused_for = dice.between(1s, 1500ms);
    run_manner m;
    m.declines = 100;
    c.add_job(picky, numbered('p', 6), m);
  }
}

bool has_outsider(const scenario_options& o) {
  if (o.outsider) {
    return *o.outsider;
  }
  // By a draw of its own: the other seeds keep their histories.
  return (o.kind == profile::chaos || o.kind == profile::churn || o.kind == profile::partition) && o.only.empty() &&
         chance{o.seed, "is there an outsider"}.one_in(3);
}

void note_answers(coverage& covered, const order_truth::counts& n) {
  auto& events = covered.events;
  events["orders from outside: done"] += n.done;
  events["orders from outside: standing already"] += n.standing;
  events["orders from outside: dry runs"] += n.dry;
  events["orders from outside: refused"] += n.refused;
  events["orders from outside: unknown"] += n.unknown;
  events["orders from outside: unknown, and then written"] += n.written_unknown;
  events["orders from outside: written"] += n.written;
}

void inflict_faults(world& w, fault_plan& c, const shape& s, chance& dice, const scenario_options& o) {
  auto faults = fault_plan::faults_of(o.kind);
  unsigned total = 0;
  for (auto& [name, weight] : faults) {
    if (!o.only.empty()) {
      weight = name == o.only ? 1 : 0;
    }
    total += weight;
  }
  const auto n = s.least_faults + dice.below(s.more_faults);
  for (std::uint64_t i = 0; i < n; ++i) {
    auto pick = dice.below(total);
    for (const auto& [name, weight] : faults) {
      if (pick < weight) {
        w.at(w.now() + dice.between(0ms, s.trouble), [&c, name = name] { c.inflict(name); });
        break;
      }
      pick -= weight;
    }
  }
}

/// I10: what every part says of its own loads, and of what is wrong.
void check_bounds(world& w) {
  for (const auto h : w.processes()) {
    w.ask<node_status>(h, get_status{}, [&w, h](const node_status& s) {
      const auto bound = [&](const char* what, std::uint64_t value, std::uint64_t limit) {
        if (value > limit) {
          w.verdict().report("I10", fmt::format("process {}: {} = {}, the limit is {}", h, what, value, limit),
                             w.now());
        }
      };
      bound("watches", s.store.max_watches, 4000);
      bound("watch bytes", s.store.max_watch_bytes, 512 * 1024);
      bound("in-flight bytes", s.store.max_in_flight_bytes, 4 * 1024 * 1024);
      bound("transaction bytes", s.store.max_transaction_bytes, 512 * 1024);
      bound("queued requests at rest", s.store.queued, 200);
      bound("largest transaction", s.manager.counters.largest_transaction_ops, 220);
      // When nothing is wrong any more nothing is told to be wrong.
      for (const auto& p : s.problems) {
        if (p.ended_ms == 0 && !w.is_still_so(h, p)) {
          w.verdict().report(
            "I10",
            fmt::format("process {} still tells of a problem of the {} ({}): {}", h, p.component, p.about, p.text),
            w.now());
        }
      }
    });
  }
  w.run_for(10ms);
}

} // namespace

scenario_result run_scenario(const scenario_options& o) {
  chance dice{o.seed, "scenario"};
  const auto s = shape_of(o.kind, o.seed);
  world_options wo;
  wo.seed = o.seed;
  wo.machines = s.machines;
  wo.trace = o.trace;
  wo.trace_messages = o.trace_messages;
  wo.skew_ppm = o.kind == profile::calm ? 0 : 20'000;
  if (o.kind == profile::chaos || o.kind == profile::partition) {
    // How long a follower that is cut off goes on answering reads, and an old leader believes in itself.
    chance ensemble{o.seed, "ensemble"};
    static constexpr unsigned sync_limits[] = {4, 10, 50, 70};
    wo.ensemble.sync_limit = sync_limits[s.idle_nodes ? 2 + ensemble.below(2) : ensemble.below(4)];
  }
  if (o.kind == profile::calendar) {
    wo.zones = make_zones(chance{o.seed, "zones"});
  }
  wo.room = draw_room(o, s.machines);
  scenario_result result;
  {
    const auto mood = std::make_shared<strategy_mood>(strategy_mood::sound);
    wo.strategies = make_strategies(mood);
    world w{wo};
    fault_plan c{w, o.seed, mood};
    if (o.kind == profile::calm) {
      c.one_blip_at_a_time(2s); // the sessions' time-out
    }
    if (o.kind == profile::calendar) {
      c.no_clock_by_hours();
    }
    const auto began = w.now();
    if (o.kind == profile::calendar) {
      add_calendar_jobs(w, c, wo.zones, dice, o.remember);
    } else {
      add_jobs(w, c, s, dice, o.kind);
    }
    if (o.kind == profile::chaos || o.kind == profile::churn) {
      if (dice.one_in(3)) {
        c.hide("job-b", static_cast<std::size_t>(dice.below(s.machines)));
      }
    }
    if (is_something_prepared(o)) {
      add_prepared_job(w, c, o.seed, w.now() + s.settle, s.trouble);
    }
    add_sized_jobs(w, c, o.seed);
    user asks{w, c, o.seed, o.kind != profile::calm, w.now() + s.settle + s.trouble};
    std::vector<std::unique_ptr<outsider>> outside;
    while (has_outsider(o) && outside.size() < 2) {
      outside.push_back(std::make_unique<outsider>(w, c, o.seed, outside.size() + 1, w.now() + s.settle + s.trouble));
    }
    for (std::size_t m = 0; m < s.machines; ++m) {
      w.at(w.now() + dice.between(0ms, 1s), [&c, m] { c.start(m); });
    }
    w.run_for(s.settle);
    const auto moves_before = w.verdict().counted().assignments;
    inflict_faults(w, c, s, dice, o);
    w.run_for(s.trouble);
    if (w.verdict().violations().empty()) {
      c.heal();
      w.run_for(s.recovery);
      if (w.server_clocks_were_set()) {
        w.run_for(65s); // whom the store's clock holds back asks it each minute
      }
      // To find out that it went back takes up to T + D and two scouts, T apart; then what is gone is broken off.
      if (const auto at = w.went_back_at()) {
        w.run_for(std::max<duration>(*at + 12s - w.now(), duration::zero()));
      }
    }
    if (w.verdict().violations().empty()) {
      w.verdict().expect_quiet(true);
      const auto since = w.now();
      w.run_for(s.quiet);
      w.verdict().quiescent(c.expected(since), w.now());
      w.verdict().memory_settled(
        1'700'000'000'000 + std::chrono::duration_cast<std::chrono::milliseconds>(w.now().time_since_epoch()).count(),
        w.now());
      check_bounds(w);
      if (o.kind == profile::calm && w.verdict().counted().assignments != moves_before) {
        w.verdict().report(
          "I4", fmt::format("{} items moved in a calm cluster", w.verdict().counted().assignments - moves_before),
          w.now());
      }
    }
    result.violations = w.verdict().violations();
    result.trace_hash = w.trace_hash();
    result.steps = w.steps();
    result.simulated = w.now() - began;
    result.coverage = w.covered();
    for (const auto& x : outside) {
      note_answers(result.coverage, x->counted());
    }
    const auto& n = w.verdict().counted();
    result.runs = n.runs;
    auto& events = result.coverage.events;
    events["runs"] += n.runs;
    events["runs of paused processes past their deadline"] += n.stale_runs;
    events["locks made"] += n.locks;
    events["locks given back"] += n.unlocks;
    events["locks broken"] += n.breaks;
    events["items assigned"] += n.assignments;
    events["joins"] += n.joins;
    events["preparations"] += w.verdict().prepared();
    events["wishes for capacity"] += w.verdict().of_room().wishes();
    events["starts of slots"] += w.verdict().of_slots().starts();
    events["slots that were told to have no run"] += w.verdict().of_slots().skips();
    events["starts of slots that are remembered"] += w.verdict().of_memory().counted().starts;
    events["writes of slots"] += w.verdict().of_memory().counted().writes;
    events["runs known as cut off"] += w.verdict().of_memory().counted().interruptions;
    events["leaderships"] += n.leaderships;
    events["changes of the cluster noted down"] += w.verdict().of_model().changes();
    events["plans with moves, within their bound"] += w.verdict().moves().bounded;
    events["plans with moves, without a bound"] += w.verdict().moves().unbounded;
    result.trace.assign(w.trace().begin(), w.trace().end());
  }
  return result;
}

std::string describe_failure(const scenario_options& o, const scenario_result& r, std::size_t lines) {
  std::string text;
  if (r.violations.empty()) {
    return text;
  }
  const auto& v = r.violations.front();
  text = fmt::format("seed {} profile {} step {} time {:.6f} s: {} is violated: {}\n", o.seed, enum_text(o.kind),
                     r.steps, std::chrono::duration<double>(v.at.time_since_epoch() - 1h).count(), v.invariant, v.text);
  for (std::size_t i = 1; i < r.violations.size() && i < 5; ++i) {
    text += fmt::format("  also {}: {}\n", r.violations[i].invariant, r.violations[i].text);
  }
  for (std::size_t i = r.trace.size() > lines ? r.trace.size() - lines : 0; i < r.trace.size(); ++i) {
    text += "  " + r.trace[i] + '\n';
  }
  text += fmt::format("replay: ./dev sim --profile {} --replay {}\n", enum_text(o.kind), o.seed);
  return text;
}

} // namespace djm::sim
