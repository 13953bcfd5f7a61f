#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/worker/clock_desk.hpp"
#include "actors/worker/lock_table.hpp"
#include "actors/worker/worker_session.hpp"
#include "actors/worker/worker_store.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

enum class slot_topic : std::uint8_t { look, write };

class slot_book;
using slot_dialogue = exchange<slot_book, slot_topic, worker_effects>;

/// Reads and writes what is remembered of the slots of items, for the runners of this node (protocol §4.16). Beside the
/// other activities of the worker, with questions of its own: neither waits for the other.
///
///          asked                     read                        told
///   idle ──────► (lock certain) ──────────► looking ──────────────────────► idle
///                      │                       │ a write, nobody in between
///                      │ known already         ▼
///                      └──────────────────► writing ──committed──► told, idle
///                                              │ unknown: in doubt, looking again tells
///
/// Wishes of many items go into one transaction. One that meets a conflict is looked at again, and the others go on
/// without it: a conflict delays nobody else. Nothing is given up while the item is held: whoever asks is told for
/// certain, or that the item is lost. Pure.
class slot_book {
public:
  slot_book(const worker_config& cfg, const store::tree_schema& tree, worker_session& member, const lock_table& locks,
            clock_desk& clock, request_numbers numbers);
  /// Answers come back to it.
  slot_book(const slot_book&) = delete;
  slot_book& operator=(const slot_book&) = delete;

  /// Each wish is answered once (`slots_told`).
  void ask(const job_id& job, std::vector<slot_wish> wishes);
  /// The runner of the job is another one, which hears nothing of what its predecessor has asked.
  void runner_rebuilt(const job_id& job);
  /// Another session: what was under way is in doubt.
  void session_is_over();
  /// What is known of locks, or whether this node has joined, has changed.
  void locks_changed();
  /// No run holds the item any more: it is forgotten as soon as nothing is under way.
  void released(const item_ref& item);
  /// The node leaves: from now on nothing is read or written.
  void close();

  /// False: none of ours.
  bool on_read(std::uint64_t request, const store::read_outcome& r, step s, worker_effects& out);
  bool on_commit(std::uint64_t request, const store::commit_outcome& o, step s, worker_effects& out);
  void on_wake(step s);
  /// Begins what can begin, and tells what is known. `may_ask`: what locks there are has been read in this session.
  void go_on(bool may_ask, step s, worker_effects& out);

  std::optional<time_point> wake_at() const;
  /// Items of which anything is known.
  std::size_t size() const { return entries_.size(); }

private:
  enum class stage : std::uint8_t { idle, looking, writing };
  struct entry {
    std::deque<slot_wish> wishes;
    stage at = stage::idle;
    /// The turn that the rest is about.
    fencing_token token = 0;
    bool known = false;    ///< what follows is what was read or written last in this session
    bool told = false;     ///< the runner knows what `record` says, and decides by it
    bool in_doubt = false; ///< what the first wish writes may have been written
    bool given_back = false;
    std::size_t orphans = 0;             ///< of the wishes, the first ones: whoever has asked is not there any more
    std::optional<std::int32_t> version; ///< nothing: there is no record
    std::optional<store::slot_payload> record; ///< of this job; nothing: there is none
    std::int64_t epoch = 0;                    ///< in which the next one is written
    std::string kept;                          ///< what a newer version has written besides
    bool anew = false;                         ///< there is a record, of a clock that was far ahead
    time_point sent{};                         ///< what may have been written was sent then
  };
  using entries = std::map<item_ref, entry>;
  /// What the records of a job's items have in common.
  struct job_facts {
    std::int64_t made = 0; ///< czxid of the job's record
    bool folder = false;
    std::size_t entries = 0; ///< they go with the last of them
  };
  struct item_look {
    item_ref item;
    read_slot record;
    read_slot writer; ///< `alive` of the node that has written it
  };
  struct job_look {
    job_id job;
    read_slot record, folder;
  };

  // what is asked
  void answer(entries::iterator at, slot_result what, bool writer_gone = false);
  void pass_on(entries::iterator at, slot_result what, bool writer_gone);
  void merge_ends(entries::iterator at);
  void idle(entries::iterator at);
  void lose(const item_ref& item, const slot_wish& w, bool unsure);
  void wait_for_retry(const item_ref& item, step s);
  void look_at_patience(step s);
  void take_up(const item_ref& item, std::vector<item_ref>& plain, std::vector<item_ref>& doubtful, step s);
  void line_up(entries::iterator at, step s);
  bool is_ours(entries::iterator at);
  // how it is done
  void look(const std::vector<item_ref>& items, bool fresh, worker_effects& out);
  void found(const std::vector<item_look>& looks, const std::vector<job_look>& jobs, step s, worker_effects& out);
  void conclude(entries::iterator at, const item_look& l, step s, std::vector<item_look>& writers);
  bool note(entry& e, const item_look& l, std::int64_t made, step s);
  void found_writers(const std::vector<item_look>& looks, step s, worker_effects& out);
  void write(step s, worker_effects& out);
  bool add(entries::iterator at, txn_builder<item_ref>& txn, std::size_t& bytes);
  store::slot_payload next_record(const entry& e, const job_id& job) const;
  void tell_time();
  void written(const std::vector<item_ref>& items, time_point sent, const txn_outcome<item_ref>& o, step s,
               worker_effects& out);
  void committed(const std::vector<item_ref>& items);
  void met(const std::vector<item_ref>& items, const txn_outcome<item_ref>& o, step s, worker_effects& out);

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_session& member_;
  const lock_table& locks_;
  clock_desk& clock_;
  slot_dialogue store_;
  entries entries_;
  std::map<job_id, job_facts> jobs_;
  std::set<item_ref> ready_;    ///< have a wish that can be looked at now
  std::set<item_ref> blocked_;  ///< wait for a lock to become certain, or for another attempt
  std::set<item_ref> to_write_; ///< can be written now
  std::set<item_ref> patient_;  ///< the same, and nothing waits for them
  std::optional<time_point> patience_ends_;
  bool patience_is_over_ = false;
  std::map<job_id, std::vector<slot_answer>> told_;
  std::optional<store_time> told_time_;
  batch_size batch_;
  bool closed_ = false;
};

} // namespace djm
