#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution/run/box.hpp"

namespace djm::exec {

namespace {

/// Between the helper and the first process of the namespace.
struct word {
  /// To it: 'g' go, 's' signal all with `number`. From it: 'f' the command could not be forked (`number`: errno), 'x'
  /// it has ended with the status `number` and others are left; 'l': and none is.
  char what = 0;
  int number = 0;
};

pid_t fork_into_namespace() {
  return static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

/// The first process of the namespace: parent of all that lose theirs. Its end is the end of all others, and it ends
/// with the helper.
class first_process {
public:
  first_process(const order& o, int helper, const command_ends& ends, std::int64_t start_until)
    : order_(o), helper_(helper), ends_(ends), start_until_(start_until) {}

  [[noreturn]] void run() {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, "djm-run-init", 0, 0, 0);
    word w;
    // If the helper has ended before that was set, this is the end of file.
    if (recv(helper_, &w, sizeof w, 0) != sizeof w || w.what != 'g') {
      _exit(0);
    }
    main_ = spawn(order_, ends_, start_until_, getpid());
    if (main_ < 0) {
      tell('f', errno);
      _exit(0);
    }
    close(ends_.input);
    close(ends_.output);
    close(ends_.lines);
    close(ends_.failure);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
      reap();
      pollfd fds[] = {{helper_, POLLIN, 0}, {children, POLLIN, 0}};
      poll(fds, 2, -1);
      signalfd_siginfo info;
      while (read(children, &info, sizeof info) > 0) {
      }
      if (fds[0].revents != 0) {
        obey();
      }
    }
  }

private:
  void tell(char what, int number) const {
    const word w{what, number};
    send(helper_, &w, sizeof w, MSG_NOSIGNAL);
  }
  void obey() const {
    word w;
    if (recv(helper_, &w, sizeof w, MSG_DONTWAIT) != sizeof w) {
      _exit(0);
    }
    if (w.what == 's') {
      ::kill(-1, w.number);
    }
  }
  void reap() const {
    int status = 0, end = 0;
    pid_t pid = 0;
    bool ended = false;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == main_) {
        ended = true;
        end = status;
      }
    }
    const bool last = pid < 0 && errno == ECHILD;
    if (ended) {
      tell(last ? 'l' : 'x', end);
    }
    if (last) {
      _exit(0);
    }
  }

  const order& order_;
  const int helper_;
  const command_ends ends_;
  const std::int64_t start_until_;
  pid_t main_ = -1;
};

class pidns_box final : public box {
public:
  explicit pidns_box(const order& o) : order_(o) {}
  pidns_box(const pidns_box&) = delete;
  pidns_box& operator=(const pidns_box&) = delete;
  ~pidns_box() override {
    for (const int fd : {talk_, witness_}) {
      if (fd >= 0) {
        close(fd);
      }
    }
  }

  int witness() const override { return witness_; }
  int event() const override { return talk_; }
  pid_t main_process() const override { return init_; }
  std::optional<process_end> main_end() const override { return end_; }
  bool empty() override { return gone_; }

  /// The node gets what shows its end before it runs anything.
  int prepare(const command_ends& ends, std::int64_t start_until) override {
    int both[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both) != 0) {
      return errno;
    }
    const auto pid = fork_into_namespace();
    if (pid == 0) {
      close(both[0]);
      close_range_but(both[1], ends);
      first_process{order_, both[1], ends, start_until}.run();
    }
    const int error = errno;
    close(both[1]);
    if (pid < 0) {
      close(both[0]);
      return error;
    }
    talk_ = both[0];
    init_ = pid;
    witness_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    return witness_ < 0 ? errno : 0;
  }
  int start(const command_ends&, std::int64_t) override {
    tell('g', 0);
    return 0;
  }

  void signal(int number) override { tell('s', number); }
  void kill() override {
    if (!gone_ && init_ > 0) {
      ::kill(init_, SIGKILL);
    }
  }

  /// The command's own end is told before; where it was not, it was killed with all.
  void reaped(pid_t pid, int) override {
    if (pid == init_) {
      look();
      gone_ = true;
      if (!end_) {
        end_ = last_end_.value_or(process_end{true, SIGKILL});
      }
    }
  }
  void look() override {
    word w;
    while (recv(talk_, &w, sizeof w, MSG_DONTWAIT) == sizeof w) {
      if (w.what == 'x') {
        end_ = end_of(w.number);
      } else if (w.what == 'l') {
        last_end_ = end_of(w.number); // when its first process has ended as well
      } else if (w.what == 'f') {
        fork_error_ = w.number;
      }
    }
  }
  int late_error() const override { return fork_error_; }

private:
  void tell(char what, int number) const {
    const word w{what, number};
    send(talk_, &w, sizeof w, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  /// The lifeline and what else the helper holds are none of its business.
  static void close_range_but(int keep, const command_ends& ends) {
    for (int fd = 3; fd < 64; ++fd) {
      if (fd != keep && fd != ends.input && fd != ends.output && fd != ends.lines && fd != ends.failure) {
        close(fd);
      }
    }
  }

  const order& order_;
  int talk_ = -1, witness_ = -1;
  pid_t init_ = 0;
  bool gone_ = false;
  int fork_error_ = 0;
  std::optional<process_end> end_, last_end_;
};

} // namespace

bool can_make_pidns() {
  const auto pid = fork_into_namespace();
  if (pid == 0) {
    _exit(0);
  }
  if (pid < 0) {
    return false;
  }
  int status = 0;
  return waitpid(pid, &status, 0) == pid && status == 0;
}

std::unique_ptr<box> make_pidns_box(const order& o) {
  return std::make_unique<pidns_box>(o);
}

} // namespace djm::exec
