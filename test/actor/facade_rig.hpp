#pragma once

#include <functional>
#include <string>
#include <utility>

#include "djm/node.hpp"
#include "test/actor/jobs.hpp"

/// What the tests of `djm::node` have in common.
namespace djm::test {

inline node_options silent(std::function<void(const node_event&)> on_event = {}) {
  node_options o;
  o.log = [](const log_record&) {};
  o.on_event = std::move(on_event);
  return o;
}

/// Nodes of a process share one embedded store: each test has a root of its own.
inline node_config at_root(const node_id& id, const std::string& root) {
  auto c = lab_config(id);
  c.store.root = root;
  return c;
}

} // namespace djm::test
