#pragma once

#include <string>

#include <doctest/doctest.h>
#include <zookeeper/zookeeper.h>

#include "support.hpp"

namespace djm::test {

/// Somebody who writes into the store with nothing of djm's in between: one session of the C client, whose calls wait.
class raw_store {
public:
  /// `digest`: "user:password", or nobody in particular.
  explicit raw_store(const std::string& connect, const std::string& digest = {}) {
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    handle_ = zookeeper_init(connect.c_str(), nullptr, 30'000, nullptr, nullptr, 0);
    REQUIRE(handle_ != nullptr);
    REQUIRE(comes_true([&] { return zoo_state(handle_) == ZOO_CONNECTED_STATE; }));
    if (!digest.empty()) {
      REQUIRE(zoo_add_auth(handle_, "digest", digest.c_str(), static_cast<int>(digest.size()), nullptr, nullptr) ==
              ZOK);
    }
  }
  ~raw_store() { zookeeper_close(handle_); }
  raw_store(const raw_store&) = delete;
  raw_store& operator=(const raw_store&) = delete;

  int create(const std::string& path, const std::string& data, const ACL_vector& acl) {
    return zoo_create(handle_, path.c_str(), data.data(), static_cast<int>(data.size()), &acl, 0, nullptr, 0);
  }
  int set(const std::string& path, const std::string& data) {
    return zoo_set(handle_, path.c_str(), data.data(), static_cast<int>(data.size()), -1);
  }
  int set_access(const std::string& path, const ACL_vector& acl) {
    return zoo_set_acl(handle_, path.c_str(), -1, &acl);
  }
  std::string data(const std::string& path, Stat& stat) {
    std::string all(1u << 20, '\0');
    auto length = static_cast<int>(all.size());
    REQUIRE(zoo_get(handle_, path.c_str(), 0, all.data(), &length, &stat) == ZOK);
    all.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return all;
  }

private:
  zhandle_t* handle_ = nullptr;
};

} // namespace djm::test
