#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>

#include "djm/enum_names.hpp"
#include "djm/export.hpp"
#include "djm/time.hpp"

namespace djm {

/// How a run ended.
enum class run_outcome : std::uint8_t {
  /// Its code returned, and nothing of it failed.
  finished,
  /// Its code threw, or named items that failed.
  failed,
  /// It failed in a way that trying again does not help (`permanent_failure`).
  failed_for_good,
  /// It took longer than `run_timeout`, or was silent for longer than `beat_timeout`.
  timed_out,
  /// It asked to be called again later (`retry_later`).
  postponed,
  /// It was asked to stop before its end: its items went elsewhere, the lease ended, the next slot took its place.
  stopped,
  /// Somebody has cancelled it (`cancel_run`).
  cancelled,
  /// It was asked to stop while it waited for a thread: its code was not called.
  dropped,
};

/// The names of the outcomes, in their order.
constexpr auto enum_names(run_outcome) {
  return name_enum("run_outcome", "finished", "failed", "failed_for_good", "timed_out", "postponed", "stopped",
                   "cancelled", "dropped");
}

/// The name of the outcome.
std::string to_string(run_outcome outcome);

/// Thrown by the code of a run: it has failed, and another attempt for this slot would fail as well.
class DJM_EXPORT permanent_failure : public std::runtime_error {
public:
  /// With what went wrong.
  using std::runtime_error::runtime_error;
  /// Where its type is known to all that link djm.
  ~permanent_failure() override;
};

/// Thrown by the code of a run: it has not failed, and shall be called again so long after this. Costs no attempt; what
/// comes due before that takes its place.
class DJM_EXPORT retry_later : public std::exception {
public:
  /// A pause that is not above zero counts as a millisecond.
  explicit retry_later(any_duration pause) : pause_(pause) {}
  /// Where its type is known to all that link djm.
  ~retry_later() override;

  /// How long.
  duration pause() const noexcept { return pause_; }
  /// "to be called again later".
  const char* what() const noexcept override;

private:
  duration pause_;
};

} // namespace djm
