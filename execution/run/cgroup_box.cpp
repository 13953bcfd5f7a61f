#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "execution/run/child_box.hpp"
#include "execution/wire/cgroup_leaf.hpp"

namespace djm::exec {

namespace {

class cgroup_box final : public child_box {
public:
  cgroup_box(const order& o, int folder) : child_box(o), leaf_(folder) {}
  cgroup_box(const cgroup_box&) = delete;
  cgroup_box& operator=(const cgroup_box&) = delete;
  ~cgroup_box() override {
    close_if_open(procs_);
    close_if_open(events_);
  }

  int prepare(const command_ends&, std::int64_t) override {
    procs_ = openat(leaf_.folder(), "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (procs_ < 0) {
      return errno;
    }
    events_ = openat(leaf_.folder(), "cgroup.events", O_RDONLY | O_CLOEXEC);
    return events_ < 0 ? errno : 0;
  }

  int start(const command_ends& ends, std::int64_t start_until) override {
    auto with_leaf = ends;
    with_leaf.procs = procs_;
    return start_child(with_leaf, start_until);
  }

  void signal(int number) override { leaf_.signal(number); }
  void kill() override {
    leaf_.kill();
    if (!main_end() && main_process() > 0) {
      ::kill(main_process(), SIGKILL);
    }
  }

  int event() const override { return events_; }
  short event_kind() const override { return POLLPRI; }
  void look() override { populated_ = leaf_.populated(events_); }
  bool empty() override {
    look();
    return !populated_;
  }

private:
  static void close_if_open(int fd) {
    if (fd >= 0) {
      close(fd);
    }
  }

  cgroup_leaf leaf_;
  int procs_ = -1, events_ = -1;
  bool populated_ = true;
};

} // namespace

std::unique_ptr<box> make_cgroup_box(const order& o, int leaf) {
  return std::make_unique<cgroup_box>(o, leaf);
}

} // namespace djm::exec
