#include "test/sim/waiting_line.hpp"

#include <algorithm>

namespace djm::sim {

void waiting_line::term_begins(time_point now, const std::map<std::string, std::set<node_id>>& assigned) {
  placed_.clear();
  for (const auto& [item, workers] : assigned) {
    placed_.insert(item);
  }
  passed_.clear();
  for (auto& [item, w] : waiting_) {
    w = {now, false};
  }
}

void waiting_line::waits(const std::string& item, time_point now) {
  waiting_.try_emplace(item, waiter{now, placed_.count(item) > 0});
}

void waiting_line::leaves(const std::string& item) {
  waiting_.erase(item);
  passed_.erase(std::remove_if(passed_.begin(), passed_.end(),
                               [&](const passed_over& p) { return p.older == item || p.younger == item; }),
                passed_.end());
}

void waiting_line::placed(const std::string& item, const node_id& worker, time_point now,
                          const std::function<bool(const std::string&)>& fits) {
  const auto w = waiting_.find(item);
  if (w != waiting_.end()) {
    const auto young = w->second;
    leaves(item);
    for (const auto& [other, old] : waiting_) {
      const bool older = !old.had_a_place && !young.had_a_place && old.since + slack < young.since;
      if (older && now - young.since > move && fits(other)) {
        passed_.push_back({other, item, worker});
      }
    }
  }
  placed_.insert(item);
}

std::vector<waiting_line::passed_over>
waiting_line::complaints(const std::function<bool(const std::string&, const node_id&)>& has) const {
  std::vector<passed_over> all;
  std::copy_if(passed_.begin(), passed_.end(), std::back_inserter(all),
               [&](const passed_over& p) { return has(p.younger, p.worker); });
  return all;
}

} // namespace djm::sim
