#include "execution/launcher/sweep.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution/launcher/helper_process.hpp"

namespace djm::exec {

namespace {

/// A command's environment comes with its order, which has at most so many bytes.
constexpr std::size_t most_environment = 8 * 1024 * 1024;

std::string read_text(const std::string& path) {
  const owned_fd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string all;
  char part[16 * 1024];
  for (ssize_t n = 0; fd.is_open() && all.size() < most_environment && (n = read(fd.get(), part, sizeof part)) > 0;) {
    all.append(part, static_cast<std::size_t>(n));
  }
  return all;
}

void for_each_process(const std::function<void(pid_t)>& f) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) {
    return;
  }
  while (const auto* entry = readdir(proc)) {
    if (const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10)); pid > 0) {
      f(pid);
    }
  }
  closedir(proc);
}

} // namespace

bool has_entry(std::string_view environment, std::string_view entry) {
  while (!environment.empty()) {
    const auto end = environment.find('\0');
    if (environment.substr(0, end) == entry) {
      return true;
    }
    environment.remove_prefix(end == environment.npos ? environment.size() : end + 1);
  }
  return false;
}

std::map<std::string, std::size_t> sweep_by_runs(const std::set<std::string>& runs) {
  constexpr std::string_view name = "DJM_RUN=";
  std::map<std::string, std::size_t> found;
  const auto self = getpid();
  for_each_process([&](pid_t pid) {
    if (pid == self) {
      return;
    }
    // Opened before its environment is read: what has that is what gets the signal.
    const owned_fd fd{static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
    const auto all = fd.is_open() ? read_text("/proc/" + std::to_string(pid) + "/environ") : std::string{};
    for (std::string_view rest = all; !rest.empty();) {
      const auto entry = rest.substr(0, rest.find('\0'));
      rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
      if (entry.substr(0, name.size()) != name) {
        continue;
      }
      if (const auto run = runs.find(std::string{entry.substr(name.size())}); run != runs.end()) {
        kill_by(fd);
        ++found[*run];
        return;
      }
    }
  });
  return found;
}

std::size_t sweep_children(const std::set<pid_t>& known) {
  std::size_t left = 0;
  const auto self = std::to_string(getpid());
  for_each_process([&](pid_t pid) {
    if (known.count(pid) > 0) {
      return;
    }
    const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    const auto end = stat.rfind(')');
    if (end == stat.npos || end + 4 > stat.size() || stat.compare(end + 4, self.size() + 1, self + " ") != 0) {
      return;
    }
    ::kill(pid, SIGKILL); // a child of ours keeps its id until we take what is left of it
    waitpid(pid, nullptr, WNOHANG);
    ++left; // also where it is gone already: it may have had children, which come to us behind our back
  });
  return left;
}

} // namespace djm::exec
