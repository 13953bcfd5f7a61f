#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <caf/fwd.hpp>

#include "djm/time.hpp"

namespace djm {

/// An actor system with a thread of its own, on which it is built, used and destroyed.
///
/// CAF keeps a reference to the system's logger in thread-local storage of every thread that builds a system, spawns in
/// it or makes a `scoped_actor`, and the destructor of the system waits until nobody has one. A user's thread that
/// called the node once would keep it for as long as that thread lives; and where static objects are destroyed, the
/// thread-local ones of the main thread are gone already, so that touching them there corrupts the heap. On a thread
/// that only this class knows neither happens. Thread-safe.
class actor_host {
public:
  /// Throws what the system throws that cannot have its threads.
  explicit actor_host(std::uint32_t actor_threads);
  actor_host(const actor_host&) = delete;
  actor_host& operator=(const actor_host&) = delete;
  /// As `end` with no patience.
  ~actor_host();

  /// Calls `f` on the host's thread and waits for it; what it throws is thrown here. Only before `end`.
  void call(const std::function<void(caf::actor_system&)>& f);

  /// Waits until every actor has ended and the system is destroyed, but no longer than `patience`; may be called by
  /// several threads and again. False when something did not end: then all is left behind as it is, on its threads.
  bool end(duration patience);

private:
  struct state;
  static void live(const std::shared_ptr<state>& s);

  std::shared_ptr<state> state_;
};

} // namespace djm
