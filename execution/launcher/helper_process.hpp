#pragma once

#include <string>
#include <utility>

#include <sys/types.h>

namespace djm::exec {

/// A descriptor that is closed with it.
class owned_fd {
public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~owned_fd();

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset() { owned_fd{std::move(*this)}; }

private:
  int fd_ = -1;
};

/// A helper as its node holds it.
struct helper_process {
  owned_fd lifeline;
  owned_fd end; ///< a pidfd
  pid_t pid = 0;
};

/// The program of the helpers, opened once: an upgrade under a living node does not mix versions.
class helper_program {
public:
  /// errno, or 0.
  int open(const std::string& path);
  /// Starts one; `word` is an argument that people see in a list of processes. errno, or 0.
  int start(const std::string& word, helper_process& p) const;

private:
  owned_fd program_, self_;
};

/// Takes what is left of a child that has ended; false where it has not.
bool reap(const helper_process& p);
/// By the pidfd, so that it reaches nobody else.
void kill_by(const owned_fd& pidfd);
/// Whether the process of this pidfd has ended.
bool has_ended(const owned_fd& pidfd);

} // namespace djm::exec
