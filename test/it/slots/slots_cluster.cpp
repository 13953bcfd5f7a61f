#include "slots_cluster.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace djm::test {

namespace {

std::string in_ms(milliseconds d) {
  return std::to_string(d.count()) + "ms";
}

} // namespace

slots_cluster::slots_cluster(slots_options options) : options_(std::move(options)), nodes_(options_.nodes) {
  story_.gap_ms = options_.gap.count();
  for (int n = 0; n < options_.jobs; ++n) {
    judged_job j;
    j.phase_ms = options_.gap.count() / options_.jobs * n;
    for (int i = n; i < options_.items; i += options_.jobs) {
      j.items.emplace_back("i" + std::to_string(i));
    }
    story_.jobs[job_id{"j" + std::to_string(n)}] = std::move(j);
  }
}

std::vector<std::string> slots_cluster::arguments(std::size_t node, const std::string& journal) const {
  return {DJM_SLOTS_NODE,
          "id=n" + std::to_string(node),
          "connect=" + server_.connect_string(),
          "root=/slots",
          "journal=" + journal,
          "jobs=" + std::to_string(options_.jobs),
          "items=" + std::to_string(options_.items),
          "gap=" + in_ms(options_.gap),
          "busy=" + in_ms(options_.busy),
          "threads=" + std::to_string(options_.threads),
          "fails=" + std::to_string(options_.fails),
          "poison=" + options_.poison,
          "park=" + std::to_string(options_.park)};
}

void slots_cluster::start_all() {
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    start(n);
  }
  // Slots begin up to a gap later.
  if (!all_started_after(0, std::chrono::seconds{60} + options_.gap)) {
    throw std::runtime_error("not all items are started");
  }
}

void slots_cluster::start(std::size_t node) {
  const auto journal = (dir_.path() / (std::to_string(readers_.size()) + "-n" + std::to_string(node))).string();
  process_options o;
  o.arguments = arguments(node, journal);
  o.error_file = journal + ".log";
  readers_.emplace_back(journal);
  nodes_.at(node).emplace(o);
}

void slots_cluster::kill(std::size_t node) {
  at(node).kill();
}

void slots_cluster::restart(std::size_t node) {
  at(node).signal(SIGTERM);
  if (!at(node).wait(std::chrono::seconds{60})) {
    throw std::runtime_error("n" + std::to_string(node) + " does not end");
  }
  start(node);
}

const std::vector<slot_line>& slots_cluster::lines() {
  for (auto& r : readers_) {
    auto more = r.more();
    story_.lines.insert(story_.lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return story_.lines;
}

bool slots_cluster::all_started_after(std::int64_t since_ms, milliseconds limit) {
  return eventually(
    [&] {
      std::map<std::string, bool> started;
      for (const auto& x : lines()) {
        if (x.what == slot_line::kind::start && x.slot > since_ms) {
          started[x.job.str() + '/' + x.item.str()] = true;
        }
      }
      return started.size() + (options_.poison.empty() ? 0 : 1) >= static_cast<std::size_t>(options_.items);
    },
    limit);
}

slots_verdict slots_cluster::verdict(std::int64_t until_ms) {
  lines();
  story_.until_ms = until_ms;
  return judge_slots(story_);
}

void let_pass_until(std::int64_t wall_ms) {
  if (const auto left = wall_ms - wall_ms_now(); left > 0) {
    let_pass(milliseconds{left});
  }
}

std::uint64_t seed_of_faults() {
  const char* text = std::getenv("DJM_FAULTS_SEED");
  const auto seed = text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  std::cout << "figure: slots: seed " << seed << std::endl;
  return seed;
}

void conclude(slots_cluster& c, const std::string& name) {
  const auto until = wall_ms_now();
  CHECK(c.all_started_after(until, std::chrono::seconds{60}));
  const auto v = c.verdict(until);
  std::cout << "figure: slots: " << name << ": " << to_string(v) << std::endl;
  for (std::size_t i = 0; i < v.findings.size() && i < 20; ++i) {
    FAIL_CHECK(v.findings[i]);
  }
  CHECK(v.findings.empty());
  CHECK(v.twice == 0);
}

} // namespace djm::test
