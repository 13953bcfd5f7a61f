#include "bench/membership/ledger.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "bench/common/must.hpp"

namespace djm::bench {

void ledger::note(const node_event& e) {
  const auto* granted = std::get_if<items_granted>(&e.what);
  const auto* released = std::get_if<items_released>(&e.what);
  if (!granted && !released) {
    return;
  }
  std::lock_guard<std::mutex> lock{mutex_};
  auto& held = held_[e.node];
  held += granted ? granted->items.size() : 0;
  held -= released ? released->items.size() : 0;
  changed_.notify_all();
}

void ledger::wait_for_shares(const std::vector<node_id>& nodes, std::size_t items, std::size_t members,
                             std::chrono::seconds limit) {
  std::unique_lock<std::mutex> lock{mutex_};
  if (changed_.wait_for(lock, limit, [&] { return even(nodes, items, members); })) {
    return;
  }
  std::string found;
  for (const auto& node : nodes) {
    found += " " + node.str() + ": " + std::to_string(held_[node]);
  }
  give_up("gave up waiting for even shares of " + std::to_string(items) + ";" + found);
}

bool ledger::even(const std::vector<node_id>& nodes, std::size_t items, std::size_t members) const {
  std::size_t all = 0;
  for (const auto& node : nodes) {
    const auto found = held_.find(node);
    const auto held = found == held_.end() ? 0 : found->second;
    if (held < items / members || held > (items + members - 1) / members) {
      return false;
    }
    all += held;
  }
  return nodes.size() < members || all == items;
}

} // namespace djm::bench
