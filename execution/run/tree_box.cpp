#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution/run/box.hpp"
#include "execution/run/child_box.hpp"

namespace djm::exec {

short box::event_kind() const {
  return POLLIN;
}

process_end end_of(int status) {
  return WIFSIGNALED(status) ? process_end{true, WTERMSIG(status)} : process_end{false, WEXITSTATUS(status)};
}

namespace {

/// The parent of a process; -1: there is none of this id.
pid_t parent_of(pid_t pid) {
  const auto path = "/proc/" + std::to_string(pid) + "/stat";
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return -1;
  }
  char text[512];
  const auto n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) {
    return -1;
  }
  // The name may hold anything, brackets as well: the last bracket ends it, and a letter for the state follows.
  const std::string_view all{text, static_cast<std::size_t>(n)};
  const auto end = all.rfind(')');
  if (end == all.npos || end + 4 >= all.size()) {
    return -1;
  }
  text[n] = '\0';
  return static_cast<pid_t>(std::strtol(text + end + 4, nullptr, 10));
}

std::map<pid_t, pid_t> all_parents() {
  std::map<pid_t, pid_t> parents;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) {
    return parents;
  }
  while (const auto* entry = readdir(proc)) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid > 0) {
      if (const auto parent = parent_of(pid); parent > 0) {
        parents[pid] = parent;
      }
    }
  }
  closedir(proc);
  return parents;
}

bool descends(const std::map<pid_t, pid_t>& parents, pid_t pid, pid_t from) {
  for (std::size_t steps = 0; steps <= parents.size(); ++steps) {
    const auto i = parents.find(pid);
    if (i == parents.end()) {
      return false;
    }
    if (i->second == from) {
      return true;
    }
    pid = i->second;
  }
  return false;
}

/// Whoever descends from this process: orphans are given to it, so nobody gets out.
class tree_box final : public child_box {
public:
  explicit tree_box(const order& o) : child_box(o) {}

  int prepare(const command_ends&, std::int64_t) override { return 0; }
  int start(const command_ends& ends, std::int64_t start_until) override { return start_child(ends, start_until); }

  void signal(int number) override {
    const auto self = getpid();
    const auto parents = all_parents();
    for (const auto& [pid, parent] : parents) {
      if (descends(parents, pid, self)) {
        signal_one(pid, parent, number);
      }
    }
  }
  void kill() override { signal(SIGKILL); }
  bool empty() override { return waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD; }

private:
  /// The id may be another process's by now, which then has another parent, or had none when this was opened.
  static void signal_one(pid_t pid, pid_t parent, int number) {
    const auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) {
      return;
    }
    if (const auto now = parent_of(pid); now == parent || now == getpid()) {
      syscall(SYS_pidfd_send_signal, fd, number, nullptr, 0);
    }
    close(fd);
  }
};

} // namespace

std::unique_ptr<box> make_tree_box(const order& o) {
  return std::make_unique<tree_box>(o);
}

} // namespace djm::exec
