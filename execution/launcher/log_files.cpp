#include "execution/launcher/log_files.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "execution/wire/lifeline.hpp"

namespace djm::exec {

namespace {

namespace fs = std::filesystem;

/// Files may be taken away by somebody else: where all is full they are counted once more, this often at most.
constexpr std::int64_t between_counts = 60'000'000'000;

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t all = 0;
  std::error_code failed;
  for (auto i = fs::recursive_directory_iterator{folder, failed}; !failed && i != fs::recursive_directory_iterator{};
       i.increment(failed)) {
    std::error_code gone;
    const auto name = i->path().filename().string();
    const bool ours = i->path().extension() == ".log" || (name.size() > 6 && name.substr(name.size() - 6) == ".log.1");
    if (ours && fs::is_regular_file(i->symlink_status(gone))) {
      const auto size = fs::file_size(i->path(), gone);
      all += gone ? 0 : size;
    }
  }
  return all;
}

std::uint64_t size_of(const std::string& path) {
  struct stat s {};
  return lstat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) ? static_cast<std::uint64_t>(s.st_size) : 0;
}

} // namespace

log_files::log_files(std::string folder, std::uint64_t limit, std::uint64_t total)
  : folder_(std::move(folder)), limit_(limit), total_(total) {
  if (folder_.empty()) {
    return;
  }
  shared_ = owned_fd{byte_count::make_file()};
  count_ = std::make_unique<byte_count>(fcntl(shared_.get(), F_DUPFD_CLOEXEC, 0), total_);
  look_again();
}

void log_files::look_again() {
  counted_at_ = boot_nanoseconds();
  count_->set(bytes_below(folder_));
}

log_files::opened log_files::open(const std::string& name) {
  opened o;
  if (folder_.empty() || name.empty()) {
    return o;
  }
  const auto path = folder_ + "/" + name + ".log", former = path + ".1";
  std::error_code ignored;
  fs::create_directories(fs::path{path}.parent_path(), ignored);
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (count_->value() >= total_ && boot_nanoseconds() - counted_at_ > between_counts) {
      look_again();
    }
  }
  if (size_of(path) >= limit_) {
    const auto goes = size_of(former);
    if (rename(path.c_str(), former.c_str()) == 0) {
      count_->give_back(goes);
    }
  }
  o.file = owned_fd{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640)};
  struct stat now {};
  if (!o.file.is_open() || fstat(o.file.get(), &now) != 0 || !S_ISREG(now.st_mode)) {
    o.complaint = "the output of a command is not kept: cannot write " + path + ": " +
                  std::generic_category().message(o.file.is_open() ? EINVAL : errno);
    o.file.reset();
    return o;
  }
  o.room = limit_ - std::min(limit_, static_cast<std::uint64_t>(now.st_size));
  o.count = owned_fd{fcntl(shared_.get(), F_DUPFD_CLOEXEC, 16)};
  return o;
}

} // namespace djm::exec
