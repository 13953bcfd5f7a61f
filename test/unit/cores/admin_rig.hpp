#pragma once

#include <stdexcept>
#include <string>

#include "test/unit/cores/driver.hpp"

namespace djm::test {

inline const auto lock_of_a = store::tree_schema{"/djm"}.lock("j", "a");

struct watchless : admin_core {
  using admin_core::admin_core;
  effects on_watch(const store::watch_event&, step) { return {}; }
};

/// The core of node "n", registered in a prepared tree that has the jobs "j" (one item) and "k" (none).
class admin_rig {
public:
  explicit admin_rig(std::size_t backlog_limit = 1000, std::size_t max_lock_reads = 5000)
    : d(watchless{settings(backlog_limit, max_lock_reads)}, tree) {
    prepare(tree);
    add_pool(tree, "j", {"a"});
    add_pool(tree, "k", {}, false);
  }

  static admin_core::settings settings(std::size_t backlog_limit, std::size_t max_lock_reads) {
    admin_core::settings s;
    s.node = "n";
    s.incarnation = "i1";
    s.backlog_limit = backlog_limit;
    s.max_lock_reads = max_lock_reads;
    return s;
  }

  admin_rig& join() {
    d.connect();
    enlist(tree, d.view.id, "n", "i1", {"j", "k"});
    d.call(&admin_core::on_joined, true);
    return *this;
  }

  std::string ask(admin_core::wish w) { return d.call(&admin_core::ask, ++asked, std::move(w)); }
  std::string enable(const job_id& job, bool enabled, bool offered = false) {
    return ask(admin_core::set_job_enabled{job, enabled, offered});
  }

  bool enabled(const job_id& job) const {
    const auto path = "/djm/work-pool/" + job;
    return store::decode<store::pool_payload>(tree.data(path), path)->enabled;
  }

  cluster_view view() {
    d.others.clear();
    ask(admin_core::see_cluster{});
    for (const auto& e : d.others) {
      if (const auto* v = std::get_if<admin_core::viewed>(&e)) {
        return v->view;
      }
    }
    throw std::runtime_error("no view");
  }

  fake_store tree;
  driver<watchless> d;
  std::uint64_t asked = 0;
};

} // namespace djm::test
