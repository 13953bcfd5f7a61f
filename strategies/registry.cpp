#include "djm/strategy.hpp"
#include "strategies/balanced.hpp"
#include "strategies/hash_strategies.hpp"

namespace djm {

strategy_registry::strategy_registry() {
  auto built_in = [this](std::shared_ptr<const strategy> x) { strategies_.emplace(x->name(), x); };
  built_in(std::make_shared<balanced_strategy>());
  built_in(std::make_shared<evenly_spread_strategy>());
  built_in(std::make_shared<rendezvous_strategy>());
  built_in(std::make_shared<evenly_rendezvous_strategy>());
  built_in(std::make_shared<bounded_hash_strategy>());
}

expected<void> strategy_registry::add(std::shared_ptr<const strategy> x) {
  if (!x) {
    return fail(errc::invalid_config, "strategy: a null pointer cannot be registered");
  }
  if (x->name().empty()) {
    return fail(errc::invalid_config, "strategy: the name is empty");
  }
  std::string name{x->name()};
  if (!strategies_.emplace(name, std::move(x)).second) {
    return fail(errc::invalid_config, "strategy \"" + name + "\": the name is taken");
  }
  return {};
}

const strategy* strategy_registry::find(std::string_view name) const noexcept {
  auto i = strategies_.find(name);
  return i == strategies_.end() ? nullptr : i->second.get();
}

std::vector<std::string> strategy_registry::names() const {
  std::vector<std::string> result;
  for (const auto& [name, x] : strategies_) {
    result.push_back(name);
  }
  return result;
}

} // namespace djm
