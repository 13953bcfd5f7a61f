#pragma once

#include <memory>

/// The end of the process while nodes live.
namespace djm {

/// What has to end before the process does.
class ends_with_process {
public:
  virtual void end_with_process() = 0;

protected:
  ~ends_with_process() = default;
};

/// Has `std::exit` end `x`, should it live then, before it destroys any object in static storage that was there when
/// this was called: code of jobs uses such objects. Not in a process that was forked from this one.
void end_before_static_objects(const std::shared_ptr<ends_with_process>& x);

/// When another thread is in `std::exit`, the end of a node is no reason for the main thread to go on: it would return
/// from `main` and end the process with another code than the one that was asked for.
void leave_the_end_to_others();

} // namespace djm
