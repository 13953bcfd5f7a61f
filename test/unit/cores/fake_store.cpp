#include "test/unit/cores/fake_store.hpp"

#include <stdexcept>

#include "zkstore/embedded/multi_check.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::test {

using store::rc;

fake_store::session fake_store::open() {
  sessions_[++next_session_];
  return next_session_;
}

void fake_store::end(session s) {
  if (sessions_.erase(s) > 0) {
    ++zxid_;
    apply(store::end_of_session(tree_, s));
  }
}

store::commit_outcome fake_store::commit(session s, const store::transaction& txn) {
  if (!is_open(s)) {
    return store::session_lost{};
  }
  for (const auto& op : txn.ops) {
    const auto& path = store::path_of(op);
    if (!forbidden_.empty() && path.compare(0, forbidden_.size(), forbidden_) == 0) {
      return store::rejected{{errc::no_permission, path}};
    }
  }
  auto checked = store::check_multi(tree_, txn, {s, identity_}, zxid_ + 1, wall_ms);
  if (checked.code == rc::no_auth) {
    return store::rejected{{errc::no_permission, "the store answered no_auth"}};
  }
  if (checked.code != rc::ok) {
    std::size_t index = 0;
    while (checked.results[index].code == rc::ok) {
      ++index;
    }
    return store::conflict{index, checked.results[index].code};
  }
  store::committed done;
  if (!checked.changes.empty()) {
    ++zxid_;
    apply(checked.changes);
  }
  for (std::size_t i = 0; i < txn.ops.size(); ++i) {
    if (std::holds_alternative<store::set_op>(txn.ops[i])) {
      done.zxid = zxid_;
    }
  }
  done.results = std::move(checked.results);
  return done;
}

void fake_store::set_access(const std::string& path, std::string acl) {
  change_access(path, std::move(acl), tree_.find(path)->header.aversion + 1);
}

void fake_store::made_for(const std::string& path, std::string acl) {
  change_access(path, std::move(acl), 0);
}

void fake_store::change_access(const std::string& path, std::string acl, std::int32_t version) {
  store::node_change change;
  change.what = store::node_change::kind::access;
  change.path = path;
  change.acl = std::move(acl);
  change.aversion = version;
  tree_.apply(change, zxid_);
}

store::read_outcome fake_store::read(session s, const std::vector<store::read_op>& reads) {
  auto c = sessions_.find(s);
  if (c == sessions_.end()) {
    return {store::read_status::session_lost, {}, {}};
  }
  store::read_outcome out;
  for (const auto& op : reads) {
    out.results.push_back(read_one(c->second, op));
  }
  return out;
}

store::read_result fake_store::read_one(client& c, const store::read_op& op) {
  store::read_result r;
  if (!forbidden_.empty() && op.path.compare(0, forbidden_.size(), forbidden_) == 0) {
    r.code = rc::no_auth;
    return r;
  }
  const auto* n = tree_.find(op.path);
  if (n != nullptr && op.kind != store::read_kind::exists && !store::may_read(n->header.acl, identity_)) {
    r.code = rc::no_auth;
    return r;
  }
  // Only `exists` leaves a watch on a node that is not there.
  const bool refused = !refused_.empty() && op.path.compare(0, refused_.size(), refused_) == 0;
  r.watched = op.watch && !refused && (n != nullptr || op.kind == store::read_kind::exists);
  if (r.watched) {
    (op.kind == store::read_kind::children ? c.child_watches : c.data_watches).insert(op.path);
  }
  if (n == nullptr) {
    r.code = rc::no_node;
    return r;
  }
  r.stat = store::to_stat(n->header);
  if (op.kind == store::read_kind::get) {
    r.data = n->data;
  } else if (op.kind == store::read_kind::children) {
    r.children.assign(n->children->begin(), n->children->end());
  } else if (op.kind == store::read_kind::access) {
    r.open = n->header.acl.empty();
    r.writers = store::writers_of(n->header.acl);
  }
  return r;
}

std::vector<store::watch_event> fake_store::take_events(session s) {
  auto c = sessions_.find(s);
  if (c == sessions_.end()) {
    return {};
  }
  return std::exchange(c->second.events, {});
}

bool fake_store::has_events(session s) const {
  auto c = sessions_.find(s);
  return c != sessions_.end() && !c->second.events.empty();
}

void fake_store::apply(const std::vector<store::node_change>& changes) {
  for (const auto& x : changes) {
    tree_.apply(x, zxid_);
  }
  for (const auto& x : changes) {
    using kind = store::node_change::kind;
    fire(x.what == kind::create   ? store::watch_kind::created
         : x.what == kind::remove ? store::watch_kind::deleted
                                  : store::watch_kind::changed,
         x.path);
    if (x.what != kind::set && x.path != "/") {
      fire(store::watch_kind::children, store::parent_of(x.path));
    }
  }
}

void fake_store::fire(store::watch_kind kind, const std::string& path) {
  for (auto& [id, c] : sessions_) {
    bool told = false;
    if (kind != store::watch_kind::children) {
      told = c.data_watches.erase(path) > 0;
    }
    if (kind == store::watch_kind::children || kind == store::watch_kind::deleted) {
      told = c.child_watches.erase(path) > 0 || told;
    }
    if (told) {
      c.events.push_back({kind, path});
    }
  }
}

void fake_store::put(const std::string& path, const std::string& data) {
  if (path != "/" && !has(path)) {
    if (auto parent = store::parent_of(path); !has(parent)) {
      put(parent);
    }
  }
  store::transaction txn;
  if (has(path)) {
    txn.ops.push_back(store::set_op{path, data});
  } else {
    txn.ops.push_back(store::create_op{path, data});
  }
  auto checked = store::check_multi(tree_, txn, {}, ++zxid_, wall_ms);
  if (checked.code != rc::ok) {
    throw std::logic_error("put " + path + ": " + to_string(checked.code));
  }
  apply(checked.changes);
}

void fake_store::erase(const std::string& path) {
  for (const auto& child : children(path)) {
    erase(path + "/" + child);
  }
  store::transaction txn;
  txn.ops.push_back(store::remove_op{path});
  auto checked = store::check_multi(tree_, txn, {}, ++zxid_);
  if (checked.code != rc::ok) {
    throw std::logic_error("erase " + path + ": " + to_string(checked.code));
  }
  apply(checked.changes);
}

const std::string& fake_store::data(const std::string& path) const {
  const auto* n = tree_.find(path);
  if (n == nullptr) {
    throw std::logic_error("no node " + path);
  }
  return n->data;
}

std::vector<std::string> fake_store::children(const std::string& path) const {
  const auto* n = tree_.find(path);
  return n == nullptr ? std::vector<std::string>{} : std::vector<std::string>{n->children->begin(), n->children->end()};
}

store::stat fake_store::stat(const std::string& path) const {
  const auto* n = tree_.find(path);
  if (n == nullptr) {
    throw std::logic_error("no node " + path);
  }
  return store::to_stat(n->header);
}

// -- the tree of a cluster ------------------------------------------------------

namespace {

const store::tree_schema schema{"/djm"};

void touch(fake_store& tree, const node_id& worker, const std::string& incarnation) {
  store::assigned_payload p;
  if (auto old = store::decode<store::assigned_payload>(tree.data(schema.assigned(worker)), "")) {
    p = *old;
  }
  p.incarnation = incarnation;
  ++p.counter;
  tree.put(schema.assigned(worker), store::encode(p));
}

} // namespace

void prepare(fake_store& tree) {
  tree.put("/djm");
  tree.put(schema.format(), store::encode(store::format_payload{}));
  tree.put(schema.alive());
  tree.put(schema.latches());
  tree.put(schema.workers());
  tree.put(schema.marks());
  tree.put(schema.states());
  tree.put(schema.pools(), store::encode(store::pools_payload{}));
  tree.put(schema.locks());
  tree.put(schema.jobs());
  tree.put(schema.refusals());
  tree.put(schema.jobs_version(), store::encode(store::jobs_version_payload{"test", {}}));
  for (const auto& path : {schema.pool_version(), schema.worker_version(), schema.assignment_version()}) {
    tree.put(path, store::encode(store::version_payload{"test"}));
  }
}

void enlist(fake_store& tree, fake_store::session owner, const node_id& worker, const std::string& incarnation,
            std::vector<job_id> jobs, std::int64_t detach_ms) {
  store::worker_payload w;
  w.incarnation = incarnation;
  w.detach_ms = detach_ms;
  tree.put(schema.worker(worker), store::encode(w));
  tree.put(schema.available(worker));
  for (const auto& job : jobs) {
    tree.put(schema.available(worker, job));
  }
  if (!tree.has(schema.assigned(worker))) {
    store::assigned_payload a;
    a.incarnation = incarnation;
    tree.put(schema.assigned(worker), store::encode(a));
  }
  if (tree.is_open(owner)) {
    store::alive_payload a;
    a.incarnation = incarnation;
    store::transaction txn;
    txn.ops.push_back(store::create_op{schema.alive(worker), store::encode(a), store::create_mode::ephemeral});
    txn.ops.push_back(store::set_op{schema.worker_version(), store::encode(store::version_payload{"enlist"})});
    if (!std::holds_alternative<store::committed>(tree.commit(owner, txn))) {
      throw std::logic_error("enlist " + worker);
    }
  }
}

void add_pool(fake_store& tree, const job_id& job, const std::vector<item_id>& items, bool enabled) {
  store::pool_payload p;
  p.enabled = enabled;
  tree.put(schema.pool(job), store::encode(p));
  for (const auto& item : items) {
    tree.put(schema.pool(job, item));
  }
}

void assign(fake_store& tree, const node_id& worker, const std::string& incarnation, const job_id& job,
            const std::vector<item_id>& items) {
  if (!tree.has(schema.assigned(worker, job))) {
    tree.put(schema.assigned(worker, job));
  }
  for (const auto& item : items) {
    tree.put(schema.assigned(worker, job, item));
  }
  touch(tree, worker, incarnation);
}

void unassign(fake_store& tree, const node_id& worker, const std::string& incarnation, const job_id& job,
              const std::vector<item_id>& items) {
  for (const auto& item : items) {
    tree.erase(schema.assigned(worker, job, item));
  }
  touch(tree, worker, incarnation);
}

void put_lock(fake_store& tree, const job_id& job, const item_id& item, const node_id& worker,
              const std::string& incarnation, std::int64_t detach_ms) {
  store::lock_payload p;
  p.worker = worker;
  p.incarnation = incarnation;
  p.detach_ms = detach_ms;
  tree.put(schema.lock(job, item), store::encode(p));
}

} // namespace djm::test
