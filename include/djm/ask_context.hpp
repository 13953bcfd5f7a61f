#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "djm/bytes.hpp"
#include "djm/export.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"
#include "djm/user_config.hpp"

namespace djm {

/// The largest question and the largest answer, in bytes (`too_large`).
constexpr std::size_t max_question_size = std::size_t{1} << 20;
/// How many questions about items of one job may be under way on a node (`backlog_full`). One that does not come back
/// counts until it has.
constexpr std::size_t max_questions_of_job = 4;

/// What `job::answer` sees of a question about an item (`ask_item`).
///
/// The item is held by this node from before the call until it has returned: nobody else has its lock meanwhile. A run
/// may be at work on it at the same time. What ends runs ends questions as well: when the item is taken away, the job
/// is unregistered or switched off, the lease or the node comes to its end, `stop_requested` is true from then on, and
/// the item stays where it is until the call is over. So return soon.
///
/// The danger that `job_context` tells of is the same here: pass `item().token` along with what has an effect
/// elsewhere.
///
/// Valid during `job::answer` only; all members are thread-safe.
class DJM_EXPORT ask_context {
public:
  virtual ~ask_context() = default;

  /// The job.
  virtual const job_id& job() const = 0;
  /// The item that the question is about, with the proof of its turn.
  virtual const work_item& item() const = 0;
  /// What is asked, as it was given: at most `max_question_size` bytes, and perhaps none.
  virtual const bytes& question() const = 0;
  /// The configuration of the job as runs get it that start now.
  virtual const user_config& config() const = 0;
  /// `rev` of the job's record with which that came; 0: it is the one that the job was registered with.
  virtual std::int64_t config_rev() const = 0;
  /// When whoever asks is told `timed_out`, on the clock of `boot_clock::now`. From then on nobody hears the answer.
  virtual time_point deadline() const = 0;
  /// Whether the call is asked to come to its end: the item goes, or the deadline has passed.
  virtual bool stop_requested() const = 0;
  /// Why; `none` as long as it is not. `timed_out`: the deadline has passed.
  virtual stop_reason reason() const = 0;
  /// Waits until that is requested or the time has passed; true when it is requested.
  virtual bool wait_for_stop(duration timeout) = 0;
  /// Any duration of `std::chrono`; one too long for nanoseconds is no limit.
  template <class Rep, class Period>
  bool wait_for_stop(std::chrono::duration<Rep, Period> timeout) {
    return wait_for_stop(saturate(timeout));
  }
};

} // namespace djm
