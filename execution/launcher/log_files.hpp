#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "execution/launcher/helper_process.hpp"
#include "execution/wire/byte_count.hpp"

namespace djm::exec {

/// The files of the output of commands: one for each item, with a former one, and all of them together never larger
/// than they may be. Thread-safe; never called with the launcher's lock, because disks are slow.
class log_files {
public:
  /// `folder` may be empty: there are none.
  log_files(std::string folder, std::uint64_t limit, std::uint64_t total);

  struct opened {
    owned_fd file, count;
    std::uint64_t room = 0; ///< bytes that this run may write
    std::string complaint;  ///< why there is no file; empty: there is none to be
  };
  /// A file that is long enough is put aside first. `name` is "JOB/ITEM".
  opened open(const std::string& name);
  /// Of all files, the former ones, too.
  std::uint64_t bytes() const { return count_ ? count_->value() : 0; }

private:
  void look_again();

  const std::string folder_;
  const std::uint64_t limit_, total_;
  owned_fd shared_;
  std::unique_ptr<byte_count> count_;
  std::mutex mutex_;
  std::int64_t counted_at_ = 0;
};

} // namespace djm::exec
