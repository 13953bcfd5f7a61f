#include "execution/wire/cgroup_leaf.hpp"

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace djm::exec {

namespace {

std::string read_all(int fd) {
  std::string all;
  char part[4096];
  for (ssize_t n = 0; (n = pread(fd, part, sizeof part, static_cast<off_t>(all.size()))) > 0;) {
    all.append(part, static_cast<std::size_t>(n));
  }
  return all;
}

bool write_one(int folder, const char* name, std::string_view text) {
  const int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const bool ok = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return ok;
}

} // namespace

cgroup_leaf::cgroup_leaf(cgroup_leaf&& other) noexcept : folder_(std::exchange(other.folder_, -1)) {}

cgroup_leaf& cgroup_leaf::operator=(cgroup_leaf&& other) noexcept {
  std::swap(folder_, other.folder_);
  return *this;
}

cgroup_leaf::~cgroup_leaf() {
  if (folder_ >= 0) {
    close(folder_);
  }
}

void cgroup_leaf::signal(int number) const {
  const int fd = openat(folder_, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  const auto text = read_all(fd);
  close(fd);
  const char* at = text.c_str();
  for (char* end = nullptr;; at = end) {
    const auto pid = static_cast<pid_t>(std::strtol(at, &end, 10));
    if (end == at) {
      return;
    }
    if (pid > 0) { // 0: a process of a pid namespace that is not seen from here
      ::kill(pid, number);
    }
  }
}

void cgroup_leaf::kill() const {
  if (folder_ < 0 || write_one(folder_, "cgroup.kill", "1")) {
    return;
  }
  write_one(folder_, "cgroup.freeze", "1");
  signal(SIGKILL);
  write_one(folder_, "cgroup.freeze", "0");
}

bool cgroup_leaf::populated(int events) const {
  const int fd = events >= 0 ? events : openat(folder_, "cgroup.events", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return errno != ENOENT && errno != ENODEV; // a folder that was removed has nobody in it
  }
  errno = 0;
  const auto text = read_all(fd);
  const bool removed = text.empty() && errno == ENODEV;
  if (events < 0) {
    close(fd);
  }
  return !removed && text.find("populated 0") == text.npos;
}

} // namespace djm::exec
