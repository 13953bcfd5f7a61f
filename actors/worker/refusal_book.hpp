#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/dialogue/txn_builder.hpp"
#include "actors/worker/lock_table.hpp"
#include "actors/worker/worker_store.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// A node below `refusals`, by its name.
struct refusal_ref {
  std::string name;
};

/// What an operation of a transaction with locks is about: a lock (or, without an item, the folder of a job's locks),
/// or a refusal.
using lock_label = std::variant<item_ref, refusal_ref>;

/// What this node has refused, and until when. While an item is refused the lock table does not want it, whatever is
/// assigned. The leader hears of it by a node below `refusals`, made in the transaction that gives the lock back, which
/// this part removes when its time is over: it knows best when that is. A refusal belongs to one life of the node, and
/// outlives its sessions; a part that is made anew reads those of its life before it takes any lock.
class refusal_book {
public:
  refusal_book(const worker_config& cfg, const store::tree_schema& tree, worker_store& store, lock_table& locks)
    : cfg_(cfg), tree_(tree), store_(store), locks_(locks), list_due_(cfg.rebuilt), adopting_(cfg.rebuilt) {}

  /// Those whose lock is ours, or may be, are refused from now on; the others are ignored. Each item that is refused
  /// again within the time that it was refused for is refused for twice as long.
  void decline(const job_id& job, const std::vector<item_id>& items, duration length, const std::string& why, step s);
  /// Accepts again those whose time is over.
  void check(step s);
  /// When the next one is over.
  std::optional<time_point> next_end() const;

  /// This node has joined in another session: somebody may have cleaned up meanwhile.
  void joined() { list_due_ = list_due_ || !nodes_.empty(); }
  /// Asks which there are, when that is not known. True: something is asked.
  bool look(worker_effects& out);

  // -- for whoever changes locks: one transaction at a time --

  /// Nothing is to be told or removed, beside what a lock that is given back brings with it.
  bool idle() const { return over_.empty() && (untold_.empty() || blocked_until_); }
  /// Adds what is to be told to a transaction that gives back the locks of `unlocked`, and what is over: so many
  /// operations at most.
  void add_to(txn_builder<lock_label>& txn, const std::vector<item_ref>& unlocked, std::size_t most);
  void committed();
  /// Nothing of it was done. `met`: one of our nodes was in the way, or was not there.
  void undone(const refusal_ref* met, store::rc code, step s);
  void outcome_unknown();

private:
  struct refusal {
    time_point until;
    duration length;
    std::string why;
  };
  struct draft {
    std::string name;
    std::vector<item_ref> items;
    time_point until;
  };

  void take_list(const read_slot& names, step s, worker_effects& out);
  void take_nodes(const read_slots<std::string>& nodes, step s, worker_effects& out);
  void begin(const item_ref& ref, duration length, const std::string& why, bool released, time_point now);
  void keep_node(const std::string& name, std::vector<item_ref> items, time_point until);
  std::vector<item_ref> to_be_told(const std::vector<item_ref>& unlocked) const;
  void add_node(txn_builder<lock_label>& txn, const std::vector<item_ref>& items);

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_store& store_;
  lock_table& locks_;

  /// In force, or over for less time than it lasted.
  std::map<item_ref, refusal> refusals_;
  std::set<std::pair<time_point, item_ref>> ends_;     ///< of those in force
  std::set<std::pair<time_point, item_ref>> memories_; ///< of those that are over: until when a repeat counts as one
  std::set<item_ref> untold_;                          ///< in force, and in no node that is surely there
  /// Nodes that are there, or may be, with what they say.
  std::map<std::string, std::vector<item_ref>> nodes_;
  std::set<std::pair<time_point, std::string>> node_ends_;
  std::set<std::string> over_; ///< to be removed
  std::vector<draft> making_;  ///< in the transaction under way
  std::vector<std::string> removing_;
  std::optional<time_point> blocked_until_; ///< the folder was not there
  std::uint64_t last_number_ = 0;
  bool list_due_;
  bool adopting_; ///< refusals of the part before this one are taken over
};

} // namespace djm
