#include "zkstore/embedded/replica.hpp"

#include "zkstore/embedded/multi_check.hpp"

namespace djm::store {

void replica::apply(const std::vector<node_change>& changes, zxid_t zxid, deliveries& out) {
  zxid_ = zxid;
  for (const auto& change : changes) {
    tree_.apply(change, zxid);
    switch (change.what) {
    case node_change::kind::create:
      fire(watch_slot::data, watch_kind::created, change.path, nullptr, out);
      fire(watch_slot::children, watch_kind::children, parent_of(change.path), nullptr, out);
      break;
    case node_change::kind::set: fire(watch_slot::data, watch_kind::changed, change.path, nullptr, out); break;
    case node_change::kind::access: break;
    case node_change::kind::remove: {
      std::set<connection_t> told;
      fire(watch_slot::data, watch_kind::deleted, change.path, &told, out);
      fire(watch_slot::children, watch_kind::deleted, change.path, &told, out);
      fire(watch_slot::children, watch_kind::children, parent_of(change.path), nullptr, out);
      break;
    }
    }
  }
}

raw_completion replica::read(connection_t from, op_id_t id, const read_op& op, const std::string& digest) {
  raw_completion result;
  result.id = id;
  const auto* node = tree_.find(op.path);
  if (!node) {
    result.code = rc::no_node;
  } else if (op.kind != read_kind::exists && !may_read(node->header.acl, digest)) {
    result.code = rc::no_auth;
  }
  result.read.code = result.code;
  const bool left = result.code == rc::ok || (result.code == rc::no_node && op.kind == read_kind::exists);
  if (op.watch && left) {
    watch(from, op.path, slot_of(op.kind));
    result.read.watched = true;
  }
  if (result.code != rc::ok) {
    return result;
  }
  result.read.stat = to_stat(node->header);
  if (op.kind == read_kind::get) {
    result.read.data = node->data;
  } else if (op.kind == read_kind::children) {
    result.read.children.assign(node->children->begin(), node->children->end());
  } else if (op.kind == read_kind::access) {
    result.read.open = node->header.acl.empty();
    result.read.writers = writers_of(node->header.acl);
  }
  return result;
}

void replica::resume_watches(connection_t from, const wire::set_watches& watches, deliveries& out) {
  const auto tell = [&](watch_kind kind, const std::string& path) {
    out.push_back({from, wire::notification{{kind, path}}});
  };
  for (const auto& path : watches.data) {
    const auto* node = tree_.find(path);
    if (!node) {
      tell(watch_kind::deleted, path);
    } else if (node->header.mzxid > watches.since) {
      tell(watch_kind::changed, path);
    } else {
      watch(from, path, watch_slot::data);
    }
  }
  for (const auto& path : watches.exist) {
    if (tree_.find(path)) {
      tell(watch_kind::created, path);
    } else {
      watch(from, path, watch_slot::data);
    }
  }
  for (const auto& path : watches.child) {
    const auto* node = tree_.find(path);
    if (!node) {
      tell(watch_kind::deleted, path);
    } else if (node->header.pzxid > watches.since) {
      tell(watch_kind::children, path);
    } else {
      watch(from, path, watch_slot::children);
    }
  }
}

void replica::forget(connection_t connection) {
  const auto i = by_connection_.find(connection);
  if (i == by_connection_.end()) {
    return;
  }
  for (const auto& [path, slot] : i->second) {
    const auto w = of(slot).find(path);
    w->second.erase(connection);
    if (w->second.empty()) {
      of(slot).erase(w);
    }
  }
  by_connection_.erase(i);
}

void replica::forget_all_watches() {
  data_.clear();
  child_.clear();
  by_connection_.clear();
}

void replica::watch(connection_t connection, const std::string& path, watch_slot slot) {
  of(slot)[path].insert(connection);
  by_connection_[connection].insert({path, slot});
}

void replica::fire(watch_slot slot, watch_kind kind, const std::string& path, std::set<connection_t>* told,
                   deliveries& out) {
  const auto i = of(slot).find(path);
  if (i == of(slot).end()) {
    return;
  }
  const auto connections = std::move(i->second);
  of(slot).erase(i);
  for (const auto connection : connections) {
    by_connection_[connection].erase({path, slot});
    if (told && !told->insert(connection).second) {
      continue;
    }
    out.push_back({connection, wire::notification{{kind, path}}});
  }
}

} // namespace djm::store
