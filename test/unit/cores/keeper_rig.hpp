#pragma once

#include <string>
#include <vector>

#include "test/unit/cores/driver.hpp"

namespace djm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A keeper core of node "w", incarnation "i1", at an empty tree.
class keeper_rig {
public:
  explicit keeper_rig(std::size_t max_ops = 200, const std::string& root = "/djm")
    : keeper_rig(settings(max_ops, root)) {}
  explicit keeper_rig(keeper_core::settings s) : d(keeper_core{std::move(s)}, tree) { d.view.timeout = seconds{10}; }

  static keeper_core::settings settings(std::size_t max_ops = 200, const std::string& root = "/djm",
                                        const node_id& node = "w", const std::string& incarnation = "i1") {
    keeper_core::settings s;
    s.config.id = node;
    s.config.store.root = root;
    s.config.store.connect = "test";
    s.config.detach_tolerance = seconds{10};
    s.incarnation = incarnation;
    s.host = "host";
    s.pid = 42;
    s.max_transaction_ops = max_ops;
    return s;
  }

  static job_spec job(const job_id& id) {
    job_spec spec;
    spec.id = id;
    return spec;
  }
  std::string offer(const job_id& id) { return d.call(&keeper_core::on_offer, job(id), false, 0); }
  std::string pool(const job_id& id, std::vector<item_id> items) {
    return d.call(&keeper_core::on_pool, id, std::move(items));
  }
  /// Whether the tree shows the node alive in the present session.
  bool alive() const { return tree.has("/djm/alive/w") && tree.stat("/djm/alive/w").ephemeral_owner == d.view.id; }
  std::string last_event() const { return d.emitted.empty() ? "" : show(emit_effect{d.emitted.back()}); }
  std::string all_events() const {
    std::string text;
    for (const auto& e : d.emitted) {
      text += show(emit_effect{e}) + "\n";
    }
    return text;
  }
  registration_phase phase() const { return d.core.status().phase; }

  fake_store tree;
  driver<keeper_core> d;
};

} // namespace djm::test
