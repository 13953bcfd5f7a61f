#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "zkstore/embedded/wire.hpp"
#include "zkstore/embedded/znode_tree.hpp"
#include "zkstore/session/watch_table.hpp"

namespace djm::store {

/// The data of one server together with the watches of the clients connected to it. Pure.
class replica {
public:
  using deliveries = std::vector<wire::delivery>;

  /// Applies one committed transaction; the events of watches come out in the order of its changes.
  void apply(const std::vector<node_change>& changes, zxid_t zxid, deliveries& out);
  /// The same for a transaction without changes, successful or not.
  void advance_to(zxid_t zxid) { zxid_ = zxid; }

  /// Answers a read from this server's data, whatever the others have.
  raw_completion read(connection_t from, op_id_t id, const read_op& op, const std::string& digest);

  /// Takes up the watches of a client that has reconnected; fires those that missed something.
  void resume_watches(connection_t from, const wire::set_watches& watches, deliveries& out);

  void forget(connection_t connection);
  void forget_all_watches();

  zxid_t zxid() const noexcept { return zxid_; }
  const znode_tree& tree() const noexcept { return tree_; }

private:
  using watchers = std::unordered_map<std::string, std::set<connection_t>>;

  void watch(connection_t connection, const std::string& path, watch_slot slot);
  /// Connections already told (`told`) of the same change are left out.
  void fire(watch_slot slot, watch_kind kind, const std::string& path, std::set<connection_t>* told, deliveries& out);
  watchers& of(watch_slot slot) { return slot == watch_slot::data ? data_ : child_; }

  znode_tree tree_;
  zxid_t zxid_ = 0;
  watchers data_;
  watchers child_;
  std::map<connection_t, std::set<std::pair<std::string, watch_slot>>> by_connection_;
};

} // namespace djm::store
