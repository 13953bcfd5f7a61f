#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "test/unit/cores/driver.hpp"

namespace djm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A worker core "w" of incarnation "i1" with T = 10 s, D = 10 s, stop grace 1 s, and the tree it lives in.
class worker_rig {
public:
  explicit worker_rig(std::size_t max_ops = 200, std::size_t max_lock_watches = 500, bool rebuilt = false)
    : d(settings(max_ops, max_lock_watches, rebuilt), tree) {
    prepare(tree);
    other = tree.open();
  }

  static worker_core::settings settings(std::size_t max_ops, std::size_t max_lock_watches, bool rebuilt) {
    worker_core::settings s;
    s.node = "w";
    s.incarnation = "i1";
    s.detach_tolerance = seconds{10};
    s.stop_grace = seconds{1};
    s.max_transaction_ops = max_ops;
    s.max_lock_watches = max_lock_watches;
    s.rebuilt = rebuilt;
    return s;
  }

  /// Connects, does the keeper's part of the join, and tells the core.
  std::string join() {
    d.connect();
    return rejoin();
  }
  std::string rejoin() {
    enlist(tree, d.view.id, "w", "i1", {"j"});
    return d.call(&worker_core::on_joined, d.view.number, tree.data("/djm/alive/w"));
  }
  /// What the leader does; returns what the core does about it.
  std::string assigned(const std::vector<item_id>& items, const job_id& job = "j") {
    assign(tree, "w", "i1", job, items);
    return react();
  }
  std::string unassigned(const std::vector<item_id>& items, const job_id& job = "j") {
    unassign(tree, "w", "i1", job, items);
    return react();
  }
  std::string react() {
    d.said.clear();
    return d.settle();
  }
  std::string add_job(const job_id& job = "j") { return d.call(&worker_core::on_job_added, job); }
  std::string released(const std::vector<item_id>& items, const job_id& job = "j") {
    return d.call(&worker_core::on_released, job, items);
  }
  std::string contact(double seconds_after_start) {
    return d.call(&worker_core::on_contact, d.view.number, at(1000 + seconds_after_start));
  }
  std::vector<std::string> locks(const job_id& job = "j") const { return tree.children("/djm/locks/" + job); }
  std::string token(const item_id& item, const job_id& job = "j") const {
    return item + "#" + std::to_string(tree.stat("/djm/locks/" + job + "/" + item + ".lock").czxid);
  }
  worker_status status() const { return d.core.status(d.now); }

  fake_store tree;
  driver<worker_core> d;
  fake_store::session other = 0;
};

/// The worker has joined with one job and holds these items of it; what it has written and asked for is forgotten.
inline void hold(worker_rig& r, const std::vector<item_id>& items) {
  r.add_job();
  r.join();
  r.assigned(items);
  REQUIRE(r.locks().size() == items.size());
  r.d.take_written();
  r.d.take_asked();
}

} // namespace djm::test
