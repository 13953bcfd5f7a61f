#pragma once

#include <unistd.h>

#include <atomic>

/// Nodes in static storage, which end while the process does.
namespace djm {

/// True from the moment at which `std::exit` destroys static objects.
inline std::atomic<bool> process_ends{false};

/// One is constructed by whoever waits for the end of a node, later than a node in static storage and therefore
/// destroyed before it.
struct exit_watch {
  ~exit_watch() { process_ends = true; }
};

/// When another thread is in `std::exit`, the end of a node in static storage is no reason for the main thread to go
/// on: it would return from `main` and end the process with another code than the one that was asked for.
inline void leave_the_end_to_others() {
  if (process_ends && gettid() == getpid()) {
    for (;;) {
      pause();
    }
  }
}

} // namespace djm
