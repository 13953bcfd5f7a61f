#include "zkstore/tree/shared_settings.hpp"

#include <utility>

namespace djm::store {

namespace {

constexpr std::size_t most_named = 5;

std::string names_of(const std::vector<node_id>& nodes) {
  std::string text;
  for (std::size_t n = 0; n < nodes.size() && n < most_named; ++n) {
    text += (n == 0 ? "\"" : ", \"") + nodes[n] + "\"";
  }
  return nodes.size() > most_named ? text + " and " + std::to_string(nodes.size() - most_named) + " more" : text;
}

} // namespace

settings_map shared_settings(const node_config& config) {
  settings_map m{{"store.session_timeout", format_duration(config.store.session_timeout)},
                 {"detach_tolerance", format_duration(config.detach_tolerance)}};
  if (config.role != node_role::worker) {
    m.emplace("rebalance_debounce", format_duration(config.rebalance_debounce));
    m.emplace("rebalance_max_wait", format_duration(config.rebalance_max_wait));
    m.emplace("sweep_period", format_duration(config.sweep_period));
    m.emplace("clean_period", format_duration(config.clean_period));
    m.emplace("strategy_timeout", format_duration(config.strategy_timeout));
    m.emplace("max_moves", std::to_string(config.max_moves));
    m.emplace("max_moves_per_worker", std::to_string(config.max_moves_per_worker));
  }
  return m;
}

std::vector<settings_difference> differences(const std::map<node_id, const settings_map*>& nodes) {
  std::map<std::string, settings_difference> by_key;
  for (const auto& [id, settings] : nodes) {
    for (const auto& [key, value] : *settings) {
      by_key[key].values[value].push_back(id);
    }
  }
  std::vector<settings_difference> found;
  for (auto& [key, d] : by_key) {
    if (d.values.size() > 1) {
      d.key = key;
      found.push_back(std::move(d));
    }
  }
  return found;
}

std::string describe(const settings_difference& d) {
  std::string text = d.key + " differs: ";
  bool first = true;
  for (const auto& [value, nodes] : d.values) {
    text += (std::exchange(first, false) ? "" : "; ") + value + " on " + names_of(nodes);
  }
  return text;
}

} // namespace djm::store
