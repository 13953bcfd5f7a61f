#include "bench/states/plain_sets.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#define THREADED // the calls that wait
#include <zookeeper/zookeeper.h>

namespace djm::bench {

namespace {

using namespace std::chrono_literals;

/// A session that is connected, or the end of the program.
class session {
public:
  explicit session(const std::string& connect) {
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    handle_ = zookeeper_init(connect.c_str(), nullptr, 10'000, nullptr, nullptr, 0);
    for (int n = 0; handle_ != nullptr && zoo_state(handle_) != ZOO_CONNECTED_STATE && n < 1000; ++n) {
      std::this_thread::sleep_for(10ms);
    }
    if (handle_ == nullptr || zoo_state(handle_) != ZOO_CONNECTED_STATE) {
      std::fprintf(stderr, "no connection to %s\n", connect.c_str());
      std::exit(2);
    }
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() { zookeeper_close(handle_); }

  zhandle_t* get() const { return handle_; }

private:
  zhandle_t* handle_ = nullptr;
};

/// Sets one node again and again: the next one as soon as the one before is answered.
struct setter {
  zhandle_t* handle;
  std::string path;
  const std::string& payload;
  std::atomic<bool>& stop;
  std::atomic<std::uint64_t>& done;
  std::atomic<int>& going;

  void next() {
    if (stop ||
        zoo_aset(handle, path.c_str(), payload.data(), static_cast<int>(payload.size()), -1, &answered, this) != ZOK) {
      --going;
    }
  }
  static void answered(int code, const Stat*, const void* self) {
    auto& s = *static_cast<setter*>(const_cast<void*>(self));
    s.done += code == ZOK ? 1 : 0;
    s.next();
  }
};

} // namespace

double plain_sets(const std::string& connect, const std::string& payload, int under_way, double seconds) {
  const session s{connect};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::atomic<int> going{under_way};
  std::vector<std::unique_ptr<setter>> setters;
  for (int n = 0; n < under_way; ++n) {
    auto path = "/plain-" + std::to_string(n);
    zoo_create(s.get(), path.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
    setters.push_back(std::unique_ptr<setter>{new setter{s.get(), path, payload, stop, done, going}});
  }
  for (const auto& x : setters) {
    x->next();
  }
  std::this_thread::sleep_for(500ms);
  const auto before = done.load();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const auto rate = static_cast<double>(done - before) /
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  stop = true;
  while (going > 0) {
    std::this_thread::sleep_for(10ms);
  }
  return rate;
}

std::string read_node(const std::string& connect, const std::string& path) {
  const session s{connect};
  std::string data(1u << 20, '\0');
  auto size = static_cast<int>(data.size());
  if (zoo_get(s.get(), path.c_str(), 0, data.data(), &size, nullptr) != ZOK || size < 0) {
    return {};
  }
  data.resize(static_cast<std::size_t>(size));
  return data;
}

} // namespace djm::bench
