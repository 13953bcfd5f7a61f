#pragma once

#include <cstdint>
#include <string>

#include "djm/error.hpp"

namespace djm::http {

/// A socket that listens, and closes itself unless somebody has taken it.
class listener {
public:
  /// `invalid_config` for what is no address in numbers, `invalid_state` with the system's words for one that cannot be
  /// had.
  static expected<listener> open(const std::string& address, std::uint16_t port);

  listener(listener&& other) noexcept;
  listener& operator=(listener&&) = delete;
  ~listener();

  std::uint16_t port() const { return port_; }
  bool is_v6() const { return v6_; }
  /// Whether only this machine reaches it.
  bool is_loopback() const { return loopback_; }
  /// Whether it listens on every address of this machine, and so on none that could be named.
  bool is_any() const { return any_; }
  /// The descriptor, which is the caller's from now on.
  int take();

private:
  listener() = default;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  bool v6_ = false;
  bool loopback_ = false;
  bool any_ = false;
};

} // namespace djm::http
