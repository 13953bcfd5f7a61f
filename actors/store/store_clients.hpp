#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "actors/protocol/store.hpp"

namespace djm {

/// The other parts are clients, which attach themselves; the session core knows them by numbers.
class store_clients {
public:
  /// False: it is one already.
  bool add(const store_client_actor& client) {
    if (!numbers_.emplace(client.id(), next_).second) {
      return false;
    }
    handles_.emplace(next_++, client);
    return true;
  }
  std::optional<std::uint32_t> remove(caf::actor_id gone) {
    const auto number = number_of(gone);
    if (number) {
      numbers_.erase(gone);
      handles_.erase(*number);
    }
    return number;
  }
  std::optional<std::uint32_t> number_of(caf::actor_id id) const {
    const auto i = numbers_.find(id);
    return i == numbers_.end() ? std::nullopt : std::optional{i->second};
  }
  /// Null: it has ended.
  const store_client_actor* find(std::uint32_t number) const {
    const auto i = handles_.find(number);
    return i == handles_.end() ? nullptr : &i->second;
  }
  auto begin() const { return handles_.begin(); }
  auto end() const { return handles_.end(); }

private:
  std::map<std::uint32_t, store_client_actor> handles_;
  std::map<caf::actor_id, std::uint32_t> numbers_;
  std::uint32_t next_ = 1;
};

} // namespace djm
