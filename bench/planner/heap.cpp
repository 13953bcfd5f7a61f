#include "bench/planner/heap.hpp"

#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

std::size_t now = 0; // the benchmark allocates from one thread
std::size_t peak = 0;

} // namespace

namespace djm::bench {

std::size_t heap_now() {
  return now;
}

std::size_t heap_peak() {
  return peak;
}

void reset_heap_peak() {
  peak = now;
}

} // namespace djm::bench

void* operator new(std::size_t n) {
  auto* p = std::malloc(n);
  if (p == nullptr) {
    throw std::bad_alloc{};
  }
  now += malloc_usable_size(p);
  peak = now > peak ? now : peak;
  return p;
}

void operator delete(void* p) noexcept {
  if (p != nullptr) {
    now -= malloc_usable_size(p);
  }
  std::free(p);
}

void operator delete(void* p, std::size_t) noexcept {
  operator delete(p);
}
