#pragma once

#include <cstdint>

namespace djm::exec {

/// Bytes of the logs of a node, counted together by all of its helpers: a number in memory that they share. Whoever may
/// write some takes them first, so that all of them together never have more than `most`.
class byte_count {
public:
  /// Maps the file; takes the descriptor. Without one, or where it cannot be mapped, nothing is counted.
  byte_count(int fd, std::uint64_t most);
  byte_count(const byte_count&) = delete;
  byte_count& operator=(const byte_count&) = delete;
  ~byte_count();

  /// A file for that; -1 with errno.
  static int make_file();

  /// Of so many bytes those that may be written.
  std::uint64_t take(std::uint64_t wanted);
  /// They were not written, or are not there any more.
  void give_back(std::uint64_t bytes);
  void set(std::uint64_t bytes);
  std::uint64_t value() const;

private:
  std::uint64_t* bytes_ = nullptr;
  std::uint64_t most_;
};

} // namespace djm::exec
