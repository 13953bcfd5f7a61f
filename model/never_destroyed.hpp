#pragma once

#include <cstddef>
#include <new>

namespace djm::impl {

/// An object in static storage that is there until the process ends: for what threads may look at while static objects
/// are destroyed. It is not on the heap, where it would be left when a plug-in that contains djm is unloaded; what `T`
/// itself has there is its own affair.
template <class T>
class never_destroyed {
public:
  never_destroyed() : object_(new(room_) T) {}
  never_destroyed(const never_destroyed&) = delete;
  never_destroyed& operator=(const never_destroyed&) = delete;

  T& operator*() { return *object_; }

private:
  alignas(T) std::byte room_[sizeof(T)];
  T* object_;
};

} // namespace djm::impl
