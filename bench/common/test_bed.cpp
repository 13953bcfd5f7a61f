#include "bench/common/test_bed.hpp"

#include <thread>

#include "bench/common/meter.hpp"
#include "bench/common/must.hpp"

namespace djm::bench {

namespace {

using namespace std::chrono_literals;

constexpr double patience = 300; // seconds: a machine that is this slow shows nothing

node start_node(const bed_place& where) {
  node_config c;
  c.id = "bench";
  c.store.connect = where.connect;
  c.store.root = where.root;
  c.role = where.role;
  c.store.session_timeout = where.session_timeout;
  node_options o;
  o.log = stderr_log(log_level::error);
  return must(node::start(c, o));
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

test_bed::test_bed(const bed_place& where) : node_(start_node(where)) {
  must(node_.wait_ready(60s));
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
  must(node_.register_job(job));
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
      held += must(node_.job(job_id{name})).items.size();
    }
    return held >= items;
  });
}

double test_bed::shut_down() {
  const auto begin = clock_seconds(CLOCK_MONOTONIC);
  must(node_.shutdown());
  return clock_seconds(CLOCK_MONOTONIC) - begin;
}

} // namespace djm::bench
