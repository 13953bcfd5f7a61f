#pragma once

#include <cerrno>
#include <optional>

#include <unistd.h>

#include "execution/run/box.hpp"

namespace djm::exec {

/// A box whose command is a child of the helper.
class child_box : public box {
public:
  explicit child_box(const order& o) : order_(o) {}

  pid_t main_process() const override { return pid_; }
  void reaped(pid_t pid, int status) override {
    if (pid == pid_ && !end_) {
      end_ = end_of(status);
    }
  }
  std::optional<process_end> main_end() const override { return end_; }

protected:
  int start_child(const command_ends& ends, std::int64_t start_until) {
    const auto pid = spawn(order_, ends, start_until, getpid());
    if (pid < 0) {
      return errno;
    }
    pid_ = pid;
    return 0;
  }

private:
  const order& order_;
  pid_t pid_ = 0;
  std::optional<process_end> end_;
};

} // namespace djm::exec
