#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "djm/job_context.hpp"

namespace djm {

/// What a job prepares is an item of its own, hidden from its code, by this name: no pool may have it.
inline constexpr std::string_view preparation_item = ".prepare";

/// What `job::prepare` gets: as much of a run as it needs. Everything may be called from several threads, as of
/// `job_context`, while `prepare` has not returned.
class prepare_context {
public:
  /// Shows this run, which is one of `preparation_item`.
  explicit prepare_context(job_context& run) : run_(run) {}
  prepare_context(const prepare_context&) = delete;
  prepare_context& operator=(const prepare_context&) = delete;

  /// The job.
  const job_id& job() const { return run_.job(); }
  /// Which preparation this is: 1 is the first, one more with each `prepare_again`. It may have been tried before, here
  /// or elsewhere, and may have got as far as its end.
  std::int64_t generation() const { return run_.generation(); }
  /// Proof of its turn: grows with each node that tries.
  fencing_token token() const { return run_.token(item_id{std::string{preparation_item}}); }
  /// The configuration of the job, with its secrets.
  const user_config& config() const { return run_.config(); }
  /// `rev` of the job's record with which that came.
  std::int64_t config_rev() const { return run_.config_rev(); }
  /// See `job_context::beat`.
  void beat(std::uint64_t done = 0, std::uint64_t total = 0, std::string text = {}) {
    run_.beat(done, total, std::move(text));
  }
  /// Whether it has to end. What returns after that does not count as done.
  bool stop_requested() const { return run_.stop_requested(); }
  /// Why it has to end; `none` as long as it need not.
  djm::stop_reason reason() const { return run_.reason(); }
  /// Waits until it has to end or the time has passed; true when it has to end.
  bool wait_for_stop(any_duration timeout) { return run_.wait_for_stop(duration{timeout}); }
  /// Calls `f` once when it has to end, see `job_context::on_stop`.
  stop_subscription on_stop(std::function<void(djm::stop_reason)> f) { return run_.on_stop(std::move(f)); }

  /// The run itself, for wrappers of jobs: its item is hidden, leave its state alone.
  job_context& run() { return run_; }

private:
  job_context& run_;
};

} // namespace djm
