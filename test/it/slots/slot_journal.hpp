#pragma once

#include <cstdint>
#include <iosfwd>
#include <mutex>
#include <string>
#include <vector>

#include "djm/ids.hpp"

namespace djm::test {

/// One line of what a `slots_node` writes down about the slots of its jobs. Fields beside `at_ms`, `job` and `item`:
///
///   start        slot, attempt, token; count, first, last: slots for which the run stands as well
///   end          slot, attempt: user code has come to its end
///   dropped      slot, attempt: the run was asked to stop before its code was called
///   skipped      count, first, last; text = the reason
///   interrupted  slot, attempt; text = the node that had started it
///   parked       nothing more
struct slot_line {
  enum class kind : std::uint8_t { start, end, dropped, skipped, interrupted, parked };
  kind what = kind::start;
  /// By the wall clock, in milliseconds since the Unix epoch, as slots are.
  std::int64_t at_ms = 0;
  job_id job;
  item_id item;
  std::int64_t slot = 0;
  std::uint32_t attempt = 0;
  std::int64_t token = 0;
  std::uint64_t count = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  /// One word; "-" for none.
  std::string text = "-";
};

std::string to_text(const slot_line& line);
/// Throws `std::runtime_error` naming a line that is none.
slot_line parse_slot_line(const std::string& text);

std::int64_t wall_ms_now();

/// Appends lines to a file of this process alone, each in one write: a process that is killed leaves whole lines only.
/// Thread-safe.
class slot_journal_writer {
public:
  explicit slot_journal_writer(const std::string& path);
  ~slot_journal_writer();
  slot_journal_writer(const slot_journal_writer&) = delete;
  slot_journal_writer& operator=(const slot_journal_writer&) = delete;

  void write(slot_line line);

private:
  std::mutex guard_;
  int fd_;
};

/// Reads such a file while it grows.
class slot_journal_reader {
public:
  explicit slot_journal_reader(std::string path) : path_(std::move(path)) {}
  /// The whole lines since the last call.
  std::vector<slot_line> more();

private:
  std::string path_;
  std::streamoff read_ = 0;
};

} // namespace djm::test
