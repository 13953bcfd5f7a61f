#include "bench/membership/workload.hpp"

#include <utility>

#include "bench/common/must.hpp"

namespace djm::bench {

namespace {

std::string numbered(const char* word, std::size_t n) {
  const auto digits = std::to_string(n);
  return word + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

} // namespace

job_id workload::job(std::size_t n) const {
  return job_id{numbered("job-", n)};
}

std::vector<item_id> workload::items_of(std::size_t n) const {
  std::vector<item_id> result;
  for (std::size_t i = n; i < items; i += jobs) {
    result.emplace_back(numbered("item-", i));
  }
  return result;
}

std::vector<job_definition> workload::definitions() const {
  std::vector<job_definition> result;
  for (std::size_t n = 0; n < jobs; ++n) {
    job_builder builder{job(n)};
    builder.items(items_of(n)).thread_per_item().on_trigger_only().run([](job_context&) {});
    result.push_back(must(builder.build()));
  }
  return result;
}

} // namespace djm::bench
