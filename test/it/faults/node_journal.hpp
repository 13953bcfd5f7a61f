#pragma once

#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "djm/events.hpp"
#include "djm/job_context.hpp"

namespace djm::test {

/// One line of what a node process writes down about itself. Fields by kind:
///
///   hello    text = incarnation
///   run      run, job, items: user code has begun
///   done     run: user code has ended
///   lease    until: the local deadline is no earlier than this
///   calm     count: joined, and everything assigned is locked: so many items
///   busy     not so
///   granted  job, items; revoked job, items; started job, items; failed job; problem text: events of the node
struct journal_line {
  enum class kind : std::uint8_t {
    hello,
    run,
    done,
    lease,
    calm,
    busy,
    granted,
    revoked,
    started,
    failed,
    problem,
    model
  };
  kind what = kind::hello;
  std::int64_t us = 0;
  std::uint64_t run = 0;
  std::int64_t until = 0;
  std::uint64_t count = 0;
  job_id job;
  std::vector<work_item> items;
  std::string text;
};

std::string to_text(const journal_line& line);
/// Throws `std::runtime_error` naming a line that is none.
journal_line parse_journal_line(const std::string& text);

/// Appends lines to a file of this process alone, each in one write, stamped while nobody else writes. Nobody waits for
/// a process that is frozen or killed meanwhile. Thread-safe.
class journal_writer {
public:
  explicit journal_writer(const std::string& path);
  ~journal_writer();
  journal_writer(const journal_writer&) = delete;
  journal_writer& operator=(const journal_writer&) = delete;

  void write(journal_line line);

private:
  std::mutex guard_;
  int fd_;
};

/// Reads such a file while it grows.
class journal_reader {
public:
  explicit journal_reader(std::string path) : path_(std::move(path)) {}
  /// The whole lines since the last call.
  std::vector<journal_line> more();

private:
  std::string path_;
  std::streamoff read_ = 0;
};

} // namespace djm::test
