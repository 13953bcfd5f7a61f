#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "execution/wire/byte_count.hpp"
#include "execution/wire/wire.hpp"

namespace djm::exec {

/// The output of a command: its end is kept, and the whole is written to a file as long as that may grow. Reads what is
/// there and never waits for its end, because whoever was left behind may hold it open. Of the bytes that all files of
/// a node may have together it takes what it writes.
class output_reader {
public:
  /// Takes the descriptors; `log` and `count` may be -1.
  output_reader(int pipe, int log, std::uint64_t log_limit, int count, std::uint64_t log_total)
    : pipe_(pipe), log_(log), room_(log_limit), all_(count, log_total) {}
  output_reader(const output_reader&) = delete;
  output_reader& operator=(const output_reader&) = delete;
  ~output_reader();

  int pipe() const { return pipe_; }
  void read_some();
  /// At most `max_tail` bytes.
  std::string tail() const;
  /// Bytes that went to no file although there is one.
  std::uint64_t dropped() const { return dropped_; }

private:
  void keep(const char* data, std::size_t size);
  void write_log(const char* data, std::size_t size);

  int pipe_, log_;
  std::uint64_t room_;
  byte_count all_;
  std::uint64_t dropped_ = 0;
  std::string tail_;
};

/// What a command writes to descriptor 3, line by line. A line that is too long is passed on cut.
class line_reader {
public:
  using take_line = std::function<void(line)>;

  explicit line_reader(int pipe) : pipe_(pipe) {}
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;
  ~line_reader();

  int pipe() const { return pipe_; }
  void read_some(const take_line& take);
  /// Nothing follows: what is there without an end is a line, too.
  void finish(const take_line& take);

private:
  void put(char c, const take_line& take);

  int pipe_;
  std::string begun_;
  bool cut_ = false;
};

} // namespace djm::exec
