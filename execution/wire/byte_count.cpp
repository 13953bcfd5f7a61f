#include "execution/wire/byte_count.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <unistd.h>

namespace djm::exec {

byte_count::byte_count(int fd, std::uint64_t most) : most_(most) {
  if (fd < 0) {
    return;
  }
  void* place = mmap(nullptr, sizeof *bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  bytes_ = place == MAP_FAILED ? nullptr : static_cast<std::uint64_t*>(place);
  close(fd);
}

byte_count::~byte_count() {
  if (bytes_ != nullptr) {
    munmap(bytes_, sizeof *bytes_);
  }
}

int byte_count::make_file() {
  const int fd = memfd_create("djm-log-bytes", MFD_CLOEXEC);
  if (fd >= 0 && ftruncate(fd, sizeof(std::uint64_t)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/// Others may be at it: what was taken beyond the limit goes back, and nobody has had it.
std::uint64_t byte_count::take(std::uint64_t wanted) {
  if (bytes_ == nullptr) {
    return wanted;
  }
  const auto before = __atomic_fetch_add(bytes_, wanted, __ATOMIC_RELAXED);
  const auto granted = std::min(wanted, most_ - std::min(most_, before));
  give_back(wanted - granted);
  return granted;
}

/// Never below nothing: whoever counts anew may have come in between.
void byte_count::give_back(std::uint64_t bytes) {
  if (bytes_ == nullptr || bytes == 0) {
    return;
  }
  auto before = __atomic_load_n(bytes_, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(bytes_, &before, before - std::min(before, bytes), true, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED)) {
  }
}

void byte_count::set(std::uint64_t bytes) {
  if (bytes_ != nullptr) {
    __atomic_store_n(bytes_, bytes, __ATOMIC_RELAXED);
  }
}

std::uint64_t byte_count::value() const {
  return bytes_ == nullptr ? 0 : __atomic_load_n(bytes_, __ATOMIC_RELAXED);
}

} // namespace djm::exec
