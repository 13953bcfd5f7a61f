#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observed.hpp"

/// A command as bad as commands get: it ignores TERM, has a child, one with a session of its own and one that nobody is
/// the parent of, all of them at work, and each tells the observer that it is there before it goes on. observed_command
/// SOCKET [MEBIBYTES]

namespace {

using djm::test::observed_process;

void copy_text(char (&to)[48], const char* name) {
  const char* text = std::getenv(name);
  std::strncpy(to, text == nullptr ? "" : text, sizeof to - 1);
}

/// Ends with this process.
void tell(const char* path, std::int64_t began, bool main) {
  observed_process p;
  p.began = began;
  p.main = main;
  copy_text(p.run, "DJM_RUN");
  copy_text(p.item, "DJM_ITEM");
  copy_text(p.node, "DJM_NODE");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  char go = 0;
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
      send(fd, &p, sizeof p, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof p) || recv(fd, &go, 1, 0) != 1) {
    _exit(70);
  }
  close(fd);
}

[[noreturn]] void work() {
  for (volatile unsigned long n = 0;; n = n + 1) {
    if (n % 1'000'000 == 0) {
      poll(nullptr, 0, 20); // many of them share few processors
    }
  }
}

void child(const char* path, bool session, bool orphan) {
  if (fork() != 0) {
    return;
  }
  if (session) {
    setsid();
  }
  if (orphan && fork() != 0) {
    _exit(0);
  }
  tell(path, djm::test::boot_ns(), false);
  work();
}

} // namespace

int main(int argc, char** argv) {
  const auto began = djm::test::boot_ns();
  if (argc < 2) {
    return 64;
  }
  for (const int n : {SIGTERM, SIGHUP, SIGINT}) {
    std::signal(n, SIG_IGN);
  }
  std::signal(SIGCHLD, SIG_IGN);
  tell(argv[1], began, true);
  std::vector<char> memory(argc > 2 ? std::strtoul(argv[2], nullptr, 10) << 20u : 0);
  for (std::size_t i = 0; i < memory.size(); i += 4096) {
    memory[i] = 1;
  }
  child(argv[1], false, false);
  child(argv[1], true, false);
  child(argv[1], true, true);
  work();
}
