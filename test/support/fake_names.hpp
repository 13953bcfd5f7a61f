#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "zkstore/zookeeper/name_lookup.hpp"

namespace djm::test {

/// A resolver in the hands of a test. Thread-safe; what it gives out may outlive it.
class fake_names {
public:
  void resolves(const std::string& host, std::vector<std::string> addresses) { put(host, {std::move(addresses), {}}); }
  void fails(const std::string& host, std::string why) { put(host, {{}, std::move(why)}); }
  /// Look-ups of the name are not answered, also those under way.
  void hangs(const std::string& host) {
    const std::lock_guard guard{all_->mutex};
    all_->answers.erase(host);
  }
  /// How often the name was asked for.
  std::size_t asked(const std::string& host) const {
    const std::lock_guard guard{all_->mutex};
    return all_->asked[host];
  }
  /// Waits until it was asked for more often than that.
  void wait_asked(const std::string& host, std::size_t often) {
    std::unique_lock lock{all_->mutex};
    all_->was_asked.wait(lock, [&] { return all_->asked[host] > often; });
  }

  store::name_service service() const {
    return [all = all_](const std::string& host) -> store::name_lookup {
      const std::lock_guard guard{all->mutex};
      ++all->asked[host];
      all->was_asked.notify_all();
      return [all, host]() -> std::optional<store::looked_up> {
        const std::lock_guard inner{all->mutex};
        const auto i = all->answers.find(host);
        return i == all->answers.end() ? std::nullopt : std::optional{i->second};
      };
    };
  }

private:
  struct shared {
    std::mutex mutex;
    std::condition_variable was_asked;
    std::map<std::string, store::looked_up> answers;
    std::map<std::string, std::size_t> asked;
  };

  void put(const std::string& host, store::looked_up answer) {
    const std::lock_guard guard{all_->mutex};
    all_->answers[host] = std::move(answer);
  }

  std::shared_ptr<shared> all_ = std::make_shared<shared>();
};

} // namespace djm::test
