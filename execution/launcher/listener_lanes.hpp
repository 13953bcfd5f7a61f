#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace djm::exec {

/// Threads on which listeners are called: they may wait for the store. Calls about one command are made in order.
class listener_lanes {
public:
  listener_lanes() = default;
  listener_lanes(const listener_lanes&) = delete;
  listener_lanes& operator=(const listener_lanes&) = delete;
  ~listener_lanes() { stop(); }

  void start();
  /// What it throws is dropped.
  void post(std::uint64_t command, std::function<void()> f);
  /// The same for what is logged: a sink that blocks delays no listener.
  void post_log(std::function<void()> f);
  /// Makes the calls that wait, and ends the threads. On one of them it does not wait for that one.
  void stop();

private:
  struct lane {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> calls;
    bool ends = false;
  };
  static constexpr std::size_t of_commands = 2;
  static void serve(lane& l);
  static void post(lane& l, std::function<void()> f);

  struct place {
    std::shared_ptr<lane> calls; ///< the thread's, too
    std::thread thread;
  };
  std::array<place, of_commands + 1> lanes_;
};

} // namespace djm::exec
