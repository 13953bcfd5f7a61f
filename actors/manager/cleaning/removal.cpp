#include "actors/manager/cleaning/removal.hpp"

#include <algorithm>
#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

/// Where operations go, and how many there may be.
struct removal::adding {
  builder& txn;
  label place;
  std::size_t most;
  const store::tree_schema& tree;

  void add(store::write_op op) { txn.add(place, std::move(op)); }
  /// False: not all of them fit.
  template <class Names, class F>
  bool remove_all(const Names& names, F path_of) {
    for (const auto& name : names) {
      if (txn.size() >= most) {
        return false;
      }
      add(store::remove_op{path_of(name)});
    }
    return true;
  }
};

removal::removal(clean_task task, const store::tree_schema& tree, read_batch& ask) : task_(std::move(task)) {
  const auto& id = task_.worker;
  switch (task_.what) {
  case clean_task::kind::pool:
    node_ = ask.get(tree.pool(task_.job));
    items_ = ask.children(tree.pool(task_.job));
    break;
  case clean_task::kind::worker:
    node_ = ask.get(tree.worker(id));
    alive_ = ask.exists(tree.alive(id));
    available_ = ask.children(tree.available(id));
    assigned_ = ask.children(tree.assigned(id));
    break;
  case clean_task::kind::folders: node_ = ask.children(tree.assigned(id)); break;
  case clean_task::kind::lock_folder: node_ = ask.exists(tree.locks(task_.job)); break;
  }
}

bool removal::add_to(builder& txn, label place, std::size_t most, const store::tree_schema& tree) {
  const auto before = txn.size();
  whole_ = removes_ = false;
  if (before + 3 > most) { // what its kind needs beside what is below it
    return false;
  }
  adding to{txn, place, most, tree};
  whole_ = true;
  if (node_->code == rc::ok) {
    switch (task_.what) {
    case clean_task::kind::pool: whole_ = add_pool(to); break;
    case clean_task::kind::worker: whole_ = add_worker(to); break;
    case clean_task::kind::folders: whole_ = add_folders(to); break;
    case clean_task::kind::lock_folder: to.add(store::remove_op{tree.locks(task_.job), node_->stat.version}); break;
    }
  }
  removes_ = txn.size() > before;
  return whole_;
}

bool removal::add_pool(adding& to) const {
  const auto path = to.tree.pool(task_.job);
  if (auto p = store::decode<store::pool_payload>(node_->data, path); !p || !(p->enabled || p->retired)) {
    return true; // switched off since the image was read: it stays
  }
  to.add(store::check_op{path, node_->stat.version});
  if (!to.remove_all(items_->children, [&](const auto& item) { return to.tree.pool(task_.job, item_id{item}); })) {
    return false;
  }
  to.add(store::remove_op{path, node_->stat.version});
  return true;
}

bool removal::add_worker(adding& to) const {
  const auto& tree = to.tree;
  const auto& id = task_.worker;
  if (held_by_session(*alive_)) {
    return true; // it is back
  }
  if (!to.remove_all(available_->children, [&](const auto& job) { return tree.available(id, job_id{job}); }) ||
      !to.remove_all(assigned_->children, [&](const auto& job) { return tree.assigned(id, job_id{job}); })) {
    return false;
  }
  if (available_->code == rc::ok) {
    to.add(store::remove_op{tree.available(id)});
  }
  if (assigned_->code == rc::ok) {
    to.add(store::remove_op{tree.assigned(id)});
  }
  to.add(store::remove_op{tree.worker(id), node_->stat.version});
  return true;
}

bool removal::add_folders(adding& to) {
  const auto& there = node_->children;
  auto gone = std::remove_if(task_.jobs.begin(), task_.jobs.end(), [&](const auto& job) {
    return !std::binary_search(there.begin(), there.end(), job, std::less<>{});
  });
  task_.jobs.erase(gone, task_.jobs.end());
  return to.remove_all(task_.jobs, [&](const auto& job) { return to.tree.assigned(task_.worker, job); });
}

} // namespace djm
