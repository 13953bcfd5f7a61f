#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "actors/worker/lock_table.hpp"
#include "actors/worker/worker_session.hpp"
#include "actors/worker/worker_store.hpp"
#include "djm/worker_status.hpp"
#include "zkstore/tree/item_states.hpp"

namespace djm {

enum class state_topic : std::uint8_t { look, save };

class state_book;
using state_dialogue = exchange<state_book, state_topic, worker_effects>;

/// Loads and saves the states of items for the runs of this node (protocol §4.12). Beside the other activities of the
/// worker, with questions of its own: neither waits for the other.
///
///          ask                       read                      answer
///   idle ──────► (lock certain) ──────────► looking ──────────────────────► idle
///                      │                       │ a save, nobody in between
///                      │ known already         ▼
///                      └──────────────────► saving ──committed──► idle
///                                              │ unknown: in doubt, looking again tells
///
/// There is an entry for an item that is loaded or saved, until it is given back; nothing for all others. One thing at
/// a time per item, items beside each other. Pure.
class state_book {
public:
  state_book(const worker_config& cfg, const store::tree_schema& tree, worker_session& member, const lock_table& locks,
             request_numbers numbers);
  /// Answers come back to it.
  state_book(const state_book&) = delete;
  state_book& operator=(const state_book&) = delete;

  /// Answered by `state_answer`, once, after `worker_config::state_patience` at the latest.
  void ask(state_wish w, step s, worker_effects& out);
  /// Another session: what was asked in the one before is not answered any more, and what was under way is in doubt.
  void session_is_over();
  /// What is known of locks, or whether this node has joined, has changed.
  void locks_changed();
  /// No run holds the item any more: it is forgotten as soon as nothing is under way.
  void released(const item_ref& item);
  /// The node leaves: from now on nothing is loaded or saved.
  void close(worker_effects& out);

  /// False: none of ours.
  bool on_read(std::uint64_t request, const store::read_outcome& r, step s, worker_effects& out);
  bool on_commit(std::uint64_t request, const store::commit_outcome& o, step s, worker_effects& out);
  void on_wake(step s, worker_effects& out);
  /// Begins what can begin. Looks at nothing that waits for a lock to become certain, or for the session.
  void go_on(step s, worker_effects& out);

  std::optional<time_point> wake_at() const;
  /// Items of which anything is known.
  std::size_t size() const { return entries_.size(); }
  std::size_t waiting() const { return asked_.size(); }
  /// What has become of them so far.
  const state_counters& counted() const { return counters_; }

private:
  enum class stage : std::uint8_t { idle, looking, saving };
  struct entry {
    std::deque<state_wish> wishes;
    stage at = stage::idle;
    std::uint64_t works_for = 0; ///< the wish for which something is, or was, under way
    /// The turn that the rest is about.
    fencing_token token = 0;
    bool looked = false;   ///< in this turn
    bool known = false;    ///< what follows is what was read or written last in this session
    bool in_doubt = false; ///< the save of the first wish may have been written
    bool folder = false;
    std::optional<std::int32_t> version; ///< nothing: there is no record
    store::state_payload record;         ///< without its state
    std::string kept;                    ///< what a newer version has written besides
    std::int64_t seen = 0;               ///< the epoch that the runs of this turn have seen
    std::uint32_t conflicts = 0;         ///< in a row
    bool given_back = false;
  };
  using entries = std::map<item_ref, entry>;

  static std::string named(const item_ref& item);
  // what is asked
  void answer(entry& e, expected<std::optional<bytes>> what, worker_effects& out);
  void tell(std::uint64_t id, bool save, expected<std::optional<bytes>> what, worker_effects& out);
  void forget_answered();
  void expire(std::uint64_t id, worker_effects& out);
  void idle(entries::iterator at);
  // how it is done
  void begin(entries::iterator at, step s, worker_effects& out);
  bool is_ours(entries::iterator at, worker_effects& out);
  void look(const item_ref& item, entry& e, worker_effects& out);
  void save(const item_ref& item, entry& e, step s, worker_effects& out);
  entries::iterator back(const item_ref& item);
  void not_answered(const std::string& path, step s);
  void wait_for_retry(entries::iterator at, step s);
  void take(const store::state_reads& found, step s, worker_effects& out);
  static void note(entry& e, const store::state_reads& found, store::state_payload record);
  void saved(const item_ref& item, const txn_outcome<bool>& o, step s, worker_effects& out);
  // why it is not done
  tl::unexpected<error> lost(const item_ref& item, const entry& e) const;
  tl::unexpected<error> stops(const item_ref& item) const;
  tl::unexpected<error> nothing_done(const item_ref& item) const;
  static tl::unexpected<error> not_known(const item_ref& item);
  static tl::unexpected<error> superseded(const item_ref& item);

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_session& member_;
  const lock_table& locks_;
  state_dialogue store_;
  entries entries_;
  std::set<item_ref> ready_;   ///< have a wish that can be looked at now
  std::set<item_ref> blocked_; ///< wait for a lock to become certain, or for another attempt
  std::size_t under_way_ = 0;
  std::map<std::uint64_t, item_ref> asked_;                ///< by wish, until it is answered
  std::deque<std::pair<time_point, std::uint64_t>> until_; ///< when each wish is over; all have the same patience
  bool closed_ = false;
  state_counters counters_;
};

} // namespace djm
