#pragma once

#include <string>
#include <utility>
#include <vector>

#include "djm/job.hpp"
#include "djm/test/cluster.hpp"

/// Jobs that the tests of the kit share.
namespace djm::test {

inline std::vector<item_id> numbered(const std::string& prefix, std::size_t count) {
  std::vector<item_id> items;
  for (std::size_t i = 0; i < count; ++i) {
    items.emplace_back(prefix + std::to_string(i));
  }
  return items;
}

/// Runs until it is asked to stop.
inline job_builder endless(const job_id& id, std::vector<item_id> items) {
  job_builder b{id};
  b.items(std::move(items)).every(std::chrono::seconds{1}).thread_per_item().run([](job_context& ctx) {
    ctx.wait_for_stop(std::chrono::hours{24 * 365});
  });
  return b;
}

/// Runs for a while whatever it is asked.
inline job_builder stubborn(const job_id& id, std::vector<item_id> items, duration length) {
  job_builder b{id};
  b.items(std::move(items)).every(std::chrono::seconds{1}).thread_per_item().run([length](job_context&) {
    spend(length);
  });
  return b;
}

} // namespace djm::test
