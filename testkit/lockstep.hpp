#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "djm/time.hpp"

namespace djm::test {

/// Unwinds user code that can never go on. No `std::exception`, so that code which handles those does not handle this.
struct abandoned {};

/// Threads for user code that take turns with the one that simulates: of all of them exactly one goes on at any time,
/// so what they do is as repeatable as everything else and needs no locks.
///
///            run / resume                   yield, or end of the task
///   simulating thread ---------> one of the threads ---------> simulating thread
class lockstep {
public:
  /// A thread that has something to do. Belongs to the lockstep.
  struct turn;

  /// A thread that keeps its turn for longer than `patience` of real time is a failure.
  explicit lockstep(duration patience);
  lockstep(const lockstep&) = delete;
  lockstep& operator=(const lockstep&) = delete;
  ~lockstep();

  /// Runs `f` on a thread of its own and returns when it first yields or has ended. `what` names it in failures. Throws
  /// `failure` when it keeps its turn too long, and again at every later call.
  void run(std::string what, std::function<void()> f);
  /// Lets a thread that has yielded go on; returns and throws as `run` does.
  void resume(turn* t);

  /// Throws `failure` when a thread has kept its turn too long.
  void check() const;

  /// Whose turn the calling thread has; null on a foreign thread and on the simulating one.
  static turn* mine() noexcept;
  /// By the thread whose turn it is: returns when it is resumed.
  void yield();

  /// Every thread that has yielded is being unwound: waits have to throw `abandoned`.
  bool ending() const;
  /// Resumes all that have yielded, until they have ended or do not come to an end; then joins the threads. False when
  /// a thread had to be left behind: then nothing that user code touches may be destroyed.
  bool close();

  std::size_t threads() const;

private:
  struct state;
  static void work(const std::shared_ptr<state>& s, turn* self);
  static void hand_over(state& s, turn* t);

  std::shared_ptr<state> state_;
};

} // namespace djm::test
