#pragma once

#include <memory>
#include <utility>

#include "model/never_destroyed.hpp"

namespace djm {

/// A value that nearly always is the default one, and takes the space of a pointer then. Copied as the value is.
template <class T>
class seldom {
public:
  seldom() = default;
  seldom(const seldom& other) : there_(other.there_ ? std::make_unique<T>(*other.there_) : nullptr) {}
  seldom(seldom&&) noexcept = default;
  ~seldom() = default;
  seldom& operator=(const seldom& other) { return *this = seldom{other}; }
  seldom& operator=(seldom&&) noexcept = default;

  const T& operator*() const {
    static impl::never_destroyed<T> usual;
    return there_ ? *there_ : *usual;
  }
  const T* operator->() const { return &**this; }
  T& edit() {
    if (!there_) {
      there_ = std::make_unique<T>();
    }
    return *there_;
  }
  void set(T x) { there_ = std::make_unique<T>(std::move(x)); }
  void reset() { there_.reset(); }

private:
  std::unique_ptr<T> there_;
};

} // namespace djm
