#include <algorithm>
#include <iterator>

#include "djm/test/cluster.hpp"
#include "testkit/cluster_impl.hpp"

/// What a cluster remembers.
namespace djm::test {

namespace {

std::vector<overlap> chosen(std::vector<run_book::double_run> all, bool of_paused) {
  std::vector<overlap> result;
  for (auto& d : all) {
    if (d.of_paused == of_paused) {
      result.push_back(std::move(d.what));
    }
  }
  return result;
}

} // namespace

const std::vector<run_record>& cluster::runs() const {
  return impl_->sim->runs().all();
}

std::vector<run_record> cluster::runs(const job_id& job) const {
  impl_->check_job(job);
  std::vector<run_record> result;
  std::copy_if(runs().begin(), runs().end(), std::back_inserter(result), [&](const auto& r) { return r.job == job; });
  return result;
}

std::vector<run_record> cluster::running(const job_id& job) const {
  std::vector<run_record> result;
  std::copy_if(runs().begin(), runs().end(), std::back_inserter(result),
               [&](const auto& r) { return r.how == run_end::running && (job.empty() || r.job == job); });
  return result;
}

std::vector<overlap> cluster::overlaps() const {
  return chosen(impl_->sim->runs().double_runs(now()), false);
}

std::vector<overlap> cluster::paused_overlaps() const {
  return chosen(impl_->sim->runs().double_runs(now()), true);
}

const std::vector<seen_event>& cluster::events() const {
  return impl_->sim->events();
}

std::vector<std::string> cluster::log() const {
  return {impl_->sim->trace().begin(), impl_->sim->trace().end()};
}

std::string cluster::describe() const {
  return impl_->picture();
}

std::uint64_t cluster::trace_hash() const {
  return impl_->sim->trace_hash();
}

std::uint64_t cluster::steps() const {
  return impl_->sim->steps();
}

} // namespace djm::test
