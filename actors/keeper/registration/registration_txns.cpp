#include "actors/keeper/registration/registration_txns.hpp"

#include <chrono>
#include <utility>

#include "zkstore/tree/shared_settings.hpp"

namespace djm {

store::worker_payload own_registration(const keeper_config& cfg) {
  store::worker_payload w;
  w.incarnation = cfg.incarnation;
  w.detach_ms = std::chrono::ceil<std::chrono::milliseconds>(cfg.config.detach_tolerance).count();
  w.zone = cfg.config.zone;
  w.labels = cfg.config.labels;
  w.weight = cfg.config.weight;
  w.capacity = cfg.config.capacity;
  w.max_items = cfg.config.max_items;
  w.shared = store::shared_settings(cfg.config);
  w.kinds = cfg.kinds;
  return w;
}

std::string own_life(const keeper_config& cfg) {
  store::alive_payload a;
  a.incarnation = cfg.incarnation;
  a.host = cfg.host;
  a.pid = cfg.pid;
  a.started_at_ms = cfg.started_at_ms;
  a.software_version = cfg.config.software_version;
  a.layout = store::format_version;
  a.http_url = cfg.http_url;
  return store::encode(a);
}

std::deque<keeper_txn> registration_txns(keeper_lifetime& life, registration_change change, std::size_t most_ops) {
  const auto& tree = life.tree;
  const auto& id = life.id();
  auto& below = change.below;
  const std::size_t per_chunk = most_ops - 10; // beside what is in each
  std::deque<keeper_txn> chunks;
  auto version = change.worker_version.value_or(0);
  std::size_t next = 0;
  do {
    keeper_txn txn;
    if (!change.joins) {
      txn.add(keeper_guard::alive, store::check_op{tree.alive(id)});
    }
    if (!change.worker_version && next == 0) {
      txn.add(store::create_op{tree.worker(id), change.worker});
    } else {
      txn.add(store::set_op{tree.worker(id), change.worker, version++});
    }
    for (std::size_t n = 0; n < per_chunk && next < below.size(); ++n) {
      txn.add(std::move(below[next++]));
    }
    // Bumped without checking: thirty nodes that join at once must not race for one version.
    txn.add(store::set_op{tree.worker_version(), life.bump()});
    chunks.push_back(std::move(txn));
  } while (next < below.size());
  if (change.joins) {
    auto& last = chunks.back();
    if (change.replaced) {
      last.add(store::remove_op{tree.alive(id), *change.replaced});
    }
    last.add(store::create_op{tree.alive(id), own_life(life.cfg), store::create_mode::ephemeral});
  }
  return chunks;
}

} // namespace djm
