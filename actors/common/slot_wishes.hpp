#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/common/store_time.hpp"
#include "djm/job.hpp"
#include "zkstore/job_payloads.hpp"

/// What a runner and the worker of its node say to each other about the memory of slots (protocol §4.16).
namespace djm {

/// What is to be remembered of an item.
struct slot_note {
  store::slot_mark mark = store::slot_mark::done;
  std::int64_t slot = 0;
  std::uint32_t attempt = 1;
  std::uint32_t spared = 0;
  std::uint32_t failures = 0;
};

/// A runner wants to know what is remembered of an item that it was granted under this token, or something written.
struct slot_wish {
  item_id item;
  fencing_token token = 0;
  /// Nothing: it is read.
  std::optional<slot_note> write;
  /// Nothing waits for it: it may be held back for a moment, to go with others.
  bool patient = false;
  /// The answer bears it, too: a runner gives each wish another one.
  std::uint64_t number = 0;
};

/// What became of a wish.
enum class slot_result : std::uint8_t {
  /// It was read.
  known,
  /// It is written: the store has said so.
  written,
  /// It is not and will not be, because somebody else has written meanwhile.
  superseded,
  /// The item is not this node's any more, or not in this turn. What was to be written may be there or not.
  lost,
};

/// The answer to a wish; each has one, unless its worker is replaced.
struct slot_answer {
  item_id item;
  fencing_token token = 0;
  slot_result what = slot_result::lost;
  /// Something was to be written.
  bool of_write = false;
  /// What is remembered of this job now; nothing: nothing is. Not with `lost`.
  std::optional<store::slot_payload> record;
  /// The life that has written the record is over, as far as the store knows.
  bool writer_gone = false;
  /// What was remembered was written by a clock that was far ahead, and counts for nothing: nobody knows what has
  /// started before.
  bool anew = false;
  /// That of the wish.
  std::uint64_t number = 0;
  /// With `lost`: what was to be written may be there.
  bool unsure = false;
};

/// From a runner to its worker.
struct slots_asked {
  job_id job;
  std::vector<slot_wish> wishes;
};

/// From a worker to the runner of the job.
struct slots_told {
  job_id job;
  std::vector<slot_answer> answers;
  /// What the worker knows of the store's time by now; nothing: the store does not tell it.
  std::optional<store_time> time{};
};

} // namespace djm
