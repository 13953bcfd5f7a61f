#include "execution/launcher/helper_process.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace djm::exec {

namespace {

/// Where the descriptors of a helper are taken from, so that none has the number of another one's place.
constexpr int away = 16;

owned_fd moved_away(owned_fd fd) {
  return owned_fd{fcntl(fd.get(), F_DUPFD_CLOEXEC, away)};
}

/// How the helper begins: a session of its own, no signal blocked or ignored, and no descriptor of ours but two.
class spawn_rules {
public:
  spawn_rules(int lifeline, int node, int program) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&how_);
    for (const int fd : {0, 1, 2}) {
      posix_spawn_file_actions_addopen(&files_, fd, "/dev/null", O_RDWR, 0);
    }
    posix_spawn_file_actions_adddup2(&files_, lifeline, 3);
    posix_spawn_file_actions_adddup2(&files_, node, 4);
    posix_spawn_file_actions_adddup2(&files_, program, 5); // by which it is executed; it closes that itself
    posix_spawn_file_actions_addclosefrom_np(&files_, 6);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&how_, &none);
    posix_spawnattr_setsigdefault(&how_, &all);
    posix_spawnattr_setflags(&how_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  spawn_rules(const spawn_rules&) = delete;
  spawn_rules& operator=(const spawn_rules&) = delete;
  ~spawn_rules() {
    posix_spawnattr_destroy(&how_);
    posix_spawn_file_actions_destroy(&files_);
  }

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* how() const { return &how_; }

private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t how_{};
};

} // namespace

owned_fd::~owned_fd() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

int helper_program::open(const std::string& path) {
  owned_fd program{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!program.is_open()) {
    return errno;
  }
  program_ = moved_away(std::move(program));
  if (!program_.is_open()) {
    return errno;
  }
  self_ = moved_away(owned_fd{static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0))});
  return self_.is_open() ? 0 : errno;
}

int helper_program::start(const std::string& word, helper_process& p) const {
  int both[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both) != 0) {
    return errno;
  }
  p.lifeline = moved_away(owned_fd{both[0]});
  const auto theirs = moved_away(owned_fd{both[1]});
  if (!p.lifeline.is_open() || !theirs.is_open()) {
    return EMFILE;
  }
  const spawn_rules rules{theirs.get(), self_.get(), program_.get()};
  std::string name = "djm-run", argument = word;
  char* arguments[] = {name.data(), argument.data(), nullptr};
  char* environment[] = {nullptr};
  if (const int error = posix_spawn(&p.pid, "/proc/self/fd/5", rules.files(), rules.how(), arguments, environment)) {
    return error;
  }
  p.end = owned_fd{static_cast<int>(syscall(SYS_pidfd_open, p.pid, 0))};
  if (p.end.is_open()) {
    return 0;
  }
  const int error = errno;
  ::kill(p.pid, SIGKILL);
  waitpid(p.pid, nullptr, 0);
  return error;
}

bool reap(const helper_process& p) {
  siginfo_t info{};
  int result = 0;
  do {
    result = waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(p.end.get()), &info, WEXITED | WNOHANG);
  } while (result != 0 && errno == EINTR);
  // Where SIGCHLD is ignored there is nothing to take.
  return result != 0 || info.si_pid != 0;
}

void kill_by(const owned_fd& pidfd) {
  if (pidfd.is_open()) {
    syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  }
}

bool has_ended(const owned_fd& pidfd) {
  pollfd p{pidfd.get(), POLLIN, 0};
  return !pidfd.is_open() || (poll(&p, 1, 0) > 0 && p.revents != 0);
}

} // namespace djm::exec
