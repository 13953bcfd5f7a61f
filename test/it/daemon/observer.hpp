#pragma once

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observed.hpp"

namespace djm::test {

/// Holds a pidfd of every process of every command, and knows when each began and ended. A process of a command waits
/// for it before it does anything, so when the first of a run comes and one of an earlier run of its item still lives,
/// both are there at once: that is what must not be. One thread, which comes before all others where it may.
class observer {
public:
  struct start {
    std::string run, node;
    std::int64_t began = 0;
    std::int64_t last_exit = 0; ///< of all that there were of this item before; 0: there were none
    std::size_t processes = 0;  ///< of this run, with all that came later
  };

  explicit observer(const std::string& path) {
    sockaddr_un here{};
    here.sun_family = AF_UNIX;
    std::strncpy(here.sun_path, path.c_str(), sizeof here.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener_ < 0 || bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
        listen(listener_, 1024) != 0 || pipe2(end_, O_CLOEXEC) != 0) {
      throw std::runtime_error{"the observer cannot listen at " + path};
    }
    thread_ = std::thread{[this] { watch(); }};
  }
  observer(const observer&) = delete;
  observer& operator=(const observer&) = delete;
  ~observer() {
    close(end_[1]);
    thread_.join();
    for (auto& p : alive_) {
      syscall(SYS_pidfd_send_signal, p.fd, SIGKILL, nullptr, 0); // where a test has failed
      close(p.fd);
    }
    close(end_[0]);
    close(listener_);
  }

  std::vector<start> starts(const std::string& item) const {
    std::lock_guard<std::mutex> guard{mutex_};
    const auto i = starts_.find(item);
    return i == starts_.end() ? std::vector<start>{} : i->second;
  }
  std::vector<std::string> faults() const {
    std::lock_guard<std::mutex> guard{mutex_};
    return faults_;
  }
  std::size_t alive() const {
    std::lock_guard<std::mutex> guard{mutex_};
    return alive_.size();
  }

private:
  struct process {
    std::string run, item;
    int fd = -1;
  };

  void watch() {
    sched_param first{};
    first.sched_priority = 1;
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
    for (;;) {
      std::vector<pollfd> fds{{end_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& p : alive_) {
        fds.push_back({p.fd, POLLIN, 0});
      }
      for (const int g : guests_) {
        fds.push_back({g, POLLIN, 0});
      }
      poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) {
        return;
      }
      std::lock_guard<std::mutex> guard{mutex_};
      const auto ends = [&](int fd) {
        return std::any_of(fds.begin(), fds.end(), [&](const pollfd& p) { return p.fd == fd && p.revents != 0; });
      };
      look_at_ends();
      std::vector<int> waiting;
      for (const int g : std::exchange(guests_, {})) {
        if (ends(g)) {
          hear(g);
        } else {
          waiting.push_back(g);
        }
      }
      guests_ = std::move(waiting);
      for (int fd = -1; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
        guests_.push_back(fd);
      }
    }
  }

  static bool has_ended(int pidfd) {
    pollfd p{pidfd, POLLIN, 0};
    return poll(&p, 1, 0) > 0;
  }

  void look_at_ends() {
    const auto now = boot_ns();
    for (std::size_t i = 0; i < alive_.size();) {
      if (has_ended(alive_[i].fd)) {
        close(alive_[i].fd);
        last_exit_[alive_[i].item] = now;
        std::swap(alive_[i], alive_.back());
        alive_.pop_back();
      } else {
        ++i;
      }
    }
  }

  void hear(int fd) {
    observed_process said;
    ucred who{};
    socklen_t size = sizeof who;
    if (recv(fd, &said, sizeof said, 0) == static_cast<ssize_t>(sizeof said) &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) {
      // It waits for us: nobody else can have its id.
      const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, who.pid, 0));
      if (pidfd >= 0) {
        enter(said, pidfd);
        const char go = 1;
        send(fd, &go, 1, MSG_NOSIGNAL);
      }
    }
    close(fd);
  }

  void enter(const observed_process& said, int pidfd) {
    const std::string run = said.run, item = said.item, node = said.node;
    auto& starts = starts_[item];
    for (const auto& p : alive_) {
      if (p.item == item && p.run != run && !has_ended(p.fd)) {
        faults_.push_back("a process of run " + p.run + " of " + item + " lives while one of run " + run +
                          " begins on " + node);
      }
    }
    const auto known = std::find_if(starts.begin(), starts.end(), [&](const start& s) { return s.run == run; });
    if (said.main) {
      if (known != starts.end()) {
        faults_.push_back("run " + run + " of " + item + " was executed twice");
      }
      const auto last = last_exit_[item];
      if (last >= said.began) {
        faults_.push_back("run " + run + " of " + item + " began " + std::to_string(last - said.began) +
                          " ns before the last process of the runs before was seen to end");
      }
      starts.push_back({run, node, said.began, last, 1});
    } else if (known == starts.end() || known + 1 != starts.end()) {
      faults_.push_back("a process of run " + run + " of " + item + " begins when that is over");
    } else {
      ++known->processes;
    }
    alive_.push_back({run, item, pidfd});
  }

  int listener_ = -1;
  int end_[2] = {-1, -1};
  mutable std::mutex mutex_;
  std::vector<process> alive_;
  std::vector<int> guests_;
  std::map<std::string, std::vector<start>> starts_;
  std::map<std::string, std::int64_t> last_exit_;
  std::vector<std::string> faults_;
  std::thread thread_;
};

} // namespace djm::test
