#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "actors/executor/call_lanes.hpp"
#include "actors/executor/elastic_pool.hpp"

namespace djm {

/// The threads for short functions of users: those of one owner one after the other, whatever hangs overtaken by the
/// others. Thread-safe.
class user_calls {
public:
  explicit user_calls(elastic_pool::limits l) : pool_(std::move(l)) {}

  /// `f` must not throw, but may end its thread. `keep` owns this, until `f` has been called and destroyed.
  void call(std::string owner, std::function<void()> f, std::shared_ptr<const void> keep);

  elastic_pool::load look(duration stuck_after) const { return pool_.look(stuck_after); }
  bool on_own_thread() const { return pool_.on_own_thread(); }
  /// Destroys what waits, then as `elastic_pool::shutdown`.
  std::uint32_t shutdown(time_point deadline);

private:
  void post(std::string owner, std::function<void()> f, std::shared_ptr<const void> keep);
  void leave(const std::string& owner, const std::shared_ptr<const void>& keep);

  std::mutex mutex_;
  call_lanes lanes_;
  elastic_pool pool_;
};

} // namespace djm
