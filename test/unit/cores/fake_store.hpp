#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "zkstore/embedded/znode_tree.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/types.hpp"

namespace djm::test {

/// The record of the job "j", which most tests have.
inline constexpr auto record_path = "/djm/jobs/j";

/// One server with ZooKeeper's rules and no network: each call answers at once, and the tests decide when a core hears
/// of it and whether it hears the truth. Sessions, ephemeral nodes, one-shot watches, atomic multis.
class fake_store {
public:
  using session = store::session_id_t;

  session open();
  /// The server expires the session: its ephemeral nodes go, its operations fail from now on.
  void end(session s);
  bool is_open(session s) const { return sessions_.count(s) > 0; }

  store::commit_outcome commit(session s, const store::transaction& txn);
  store::read_outcome read(session s, const std::vector<store::read_op>& reads);
  /// Events since the last call, in their order.
  std::vector<store::watch_event> take_events(session s);
  bool has_events(session s) const;

  /// Watches below the path are refused, as a session at its limit would.
  void refuse_watches(std::string path) { refused_ = std::move(path); }
  /// Reads and writes below the path are not permitted.
  void forbid(std::string path) { forbidden_ = std::move(path); }

  /// Whom all sessions are: "user:password", or empty.
  void identify(std::string digest) { identity_ = std::move(digest); }
  /// ACLs as in `znode_header`.
  void set_access(const std::string& path, std::string acl);
  /// The same, as if it had been made so.
  void made_for(const std::string& path, std::string acl);
  const std::string& access(const std::string& path) const { return tree_.find(path)->header.acl; }

  // -- what operators and other processes do --

  /// Creates the node and its parents, or sets its data.
  void put(const std::string& path, const std::string& data = {});
  /// Removes the node and all below it.
  void erase(const std::string& path);

  bool has(const std::string& path) const { return tree_.find(path) != nullptr; }
  const std::string& data(const std::string& path) const;
  std::vector<std::string> children(const std::string& path) const;
  store::stat stat(const std::string& path) const;
  std::vector<std::string> paths() const { return tree_.paths(); }
  store::zxid_t zxid() const { return zxid_; }

  /// What its wall clock shows, as each change will tell; 0: it does not tell it.
  std::int64_t wall_ms = 0;

private:
  void change_access(const std::string& path, std::string acl, std::int32_t version);
  struct client {
    std::set<std::string> data_watches;
    std::set<std::string> child_watches;
    std::vector<store::watch_event> events;
  };

  void apply(const std::vector<store::node_change>& changes);
  void fire(store::watch_kind kind, const std::string& path);
  store::read_result read_one(client& c, const store::read_op& op);

  store::znode_tree tree_;
  store::zxid_t zxid_ = 0;
  session next_session_ = 100;
  std::map<session, client> sessions_;
  std::string refused_;
  std::string forbidden_;
  std::string identity_;
};

/// The tree as the keeper prepares it, below "/djm".
void prepare(fake_store& tree);
/// A registered worker without jobs, alive in `owner`.
void enlist(fake_store& tree, fake_store::session owner, const node_id& worker, const std::string& incarnation,
            std::vector<job_id> jobs = {}, std::int64_t detach_ms = 10'000);
void add_pool(fake_store& tree, const job_id& job, const std::vector<item_id>& items, bool enabled = true);
void assign(fake_store& tree, const node_id& worker, const std::string& incarnation, const job_id& job,
            const std::vector<item_id>& items);
void unassign(fake_store& tree, const node_id& worker, const std::string& incarnation, const job_id& job,
              const std::vector<item_id>& items);
void put_lock(fake_store& tree, const job_id& job, const item_id& item, const node_id& worker,
              const std::string& incarnation, std::int64_t detach_ms = 10'000);

} // namespace djm::test
