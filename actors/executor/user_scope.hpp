#pragma once

#include "djm/job.hpp"

namespace djm {

/// Marks the calling thread as being in user code of a job, so that a call which would wait for that very code can be
/// refused instead. Nests.
class user_scope {
public:
  explicit user_scope(const job* code) noexcept : former_(inside()) { inside() = code; }
  user_scope(const user_scope&) = delete;
  user_scope& operator=(const user_scope&) = delete;
  ~user_scope() { inside() = former_; }

  /// Whose code this thread is in; null: nobody's.
  static const job* current() noexcept { return inside(); }

private:
  /// A plain pointer: thread-local objects with a destructor would keep a shared library from being unloaded.
  static const job*& inside() noexcept;

  const job* former_;
};

} // namespace djm
