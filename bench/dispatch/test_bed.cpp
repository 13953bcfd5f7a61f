#include "bench/dispatch/test_bed.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "bench/dispatch/meter.hpp"

namespace djm::bench {

namespace {

using namespace std::chrono_literals;

constexpr double patience = 300; // seconds: a machine that is this slow shows nothing

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

template <class T>
T value(expected<T> x) {
  if (!x) {
    give_up(to_string(x.error()));
  }
  return std::move(*x);
}

void check(const expected<void>& x) {
  if (!x) {
    give_up(to_string(x.error()));
  }
}

node start_node() {
  node_config c;
  c.id = "bench";
  c.store.session_timeout = 2s; // the first run comes a third of it later
  node_options o;
  o.log = stderr_log(log_level::error);
  return value(node::start(c, o));
}

template <class F>
void wait_for(const std::string& what, F reached) {
  const auto begin = clock_seconds(CLOCK_MONOTONIC);
  while (!reached()) {
    if (clock_seconds(CLOCK_MONOTONIC) - begin > patience) {
      give_up("gave up waiting for " + what);
    }
    std::this_thread::sleep_for(20ms);
  }
}

} // namespace

test_bed::test_bed() : node_(start_node()) {
  check(node_.wait_ready(60s));
}

void test_bed::add_job(const std::string& name, std::size_t items, const schedule& s) {
  std::vector<item_id> pool;
  pool.reserve(items);
  for (std::size_t i = 0; i < items; ++i) {
    pool.emplace_back("item-" + std::to_string(i));
  }
  job_builder job{job_id{name}};
  job.items(std::move(pool)).thread_per_item().schedule(s);
  job.run([runs = runs_](job_context&) { runs->fetch_add(1, std::memory_order_relaxed); });
  check(node_.register_job(job));
  jobs_.push_back(name);
  items_ += items;
}

void test_bed::add_jobs(std::size_t count, const schedule& s) {
  for (std::size_t i = 0; i < count; ++i) {
    add_job("job-" + std::to_string(i), 1, s);
  }
}

void test_bed::wait_for_first_runs() {
  wait_for("the first runs", [this] { return runs() >= items_; });
}

void test_bed::wait_until_held(std::size_t items) {
  wait_for("the locks", [&] {
    std::this_thread::sleep_for(1s);
    std::size_t held = 0;
    for (const auto& name : jobs_) {
      held += value(node_.job(job_id{name})).items.size();
    }
    return held >= items;
  });
}

double test_bed::shut_down() {
  const auto begin = clock_seconds(CLOCK_MONOTONIC);
  check(node_.shutdown());
  return clock_seconds(CLOCK_MONOTONIC) - begin;
}

} // namespace djm::bench
