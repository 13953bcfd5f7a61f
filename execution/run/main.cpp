#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "execution/run/helper.hpp"

namespace {

/// As who starts it has arranged them.
constexpr int lifeline = 3, node = 4, program = 5;

bool is_lifeline(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

} // namespace

int main(int argc, char** argv) {
  if (!is_lifeline(lifeline) || fcntl(node, F_GETFD) < 0) {
    std::fputs("djm-run is started by a node of djm, which talks to it through descriptors 3 and 4; it is nothing to "
               "start by hand\n",
               stderr);
    return 64;
  }
  close(program);
  fcntl(lifeline, F_SETFD, FD_CLOEXEC);
  fcntl(node, F_SETFD, FD_CLOEXEC);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &standard, nullptr); // where it is ignored nobody hears how a child ended
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // Orphans of the command are given to this process.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return 71;
  }
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  const int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (children < 0 || timer < 0) {
    return 71;
  }
  djm::exec::helper self{lifeline, node, children, timer};
  if (argc == 2 && std::strcmp(argv[1], "--probe") == 0) {
    self.introduce();
  }
  return self.run();
}
