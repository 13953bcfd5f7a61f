#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "djm/events.hpp"
#include "djm/slot_rules.hpp"
#include "djm/timetable.hpp"
#include "simulation/tree_image.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::sim {

/// Slots that are remembered come in a calm cluster, too. What makes records makes their folder, and sets the
/// registration to learn the time.
bool is_of_slots(const store::committed_transaction& txn);

/// Whether the memory of slots is kept (protocol, section 4.16), from the committed history and from what nodes tell:
///
/// - S1: the slot of a record only grows, and its turn never falls;
/// - S2: one start per item, slot and attempt, in the whole cluster, where starts are claimed;
/// - S3: what starts was claimed before, in this turn;
/// - S4: every slot of what is held in the end has started, which takes that the code of its run was called, or it was
///   told;
/// - S5: nothing is written for jobs that forget, and no end twice in one turn;
/// - S6: no start is for a slot that has not come by the store's clock, as the claim or anything since tells it, but
/// for
///   what clocks may differ; no write is for one that has come by none of the clocks that the store has had;
/// - S7: nothing starts up to the moment from which slots count, as nodes have read it, unless that is more than a day
///   ahead of all clocks.
class memory_rules {
public:
  using complaint = std::function<void(const char* invariant, std::string)>;

  explicit memory_rules(const std::string& root = "/djm") : tree_(root) {}

  void expect(const job_id& job, const timetable& table, slots rule) {
    jobs_.erase(job);
    jobs_.emplace(job, job_memory{table, rule, {}, 0, 0, 0, {}});
  }
  /// Whether its slots are judged here: they may be further apart than a rest is long.
  bool knows(const job_id& job) const { return jobs_.count(job) > 0; }
  /// `lawless`: whoever writes is nobody of the cluster's.
  void sees(const store::node_change& change, const tree_event& e, store::zxid_t zxid, bool lawless,
            const complaint& say);
  /// `wall_ms`: by the clock of the node that tells it; `store_ms`: by that of the store.
  void told(std::uint32_t host, const event& what, std::int64_t wall_ms, std::int64_t store_ms, const complaint& say);
  /// By how much the clock of the store's leading server is wrong from now on.
  void store_clock(std::int64_t error_ms) {
    store_error_ms_ = error_ms;
    most_store_error_ms_ = std::max(most_store_error_ms_, error_ms);
  }
  std::int64_t store_error_ms() const { return store_error_ms_; }
  /// Something of that process has died, or it has ended: what it had claimed and not begun by then, and what it
  /// claims from then on, nobody may know of.
  void excuse(std::uint32_t host);
  /// The code of a run was called.
  void began(std::uint32_t host, run_id run, const job_id& job, const std::vector<work_item>& items, std::int64_t slot);
  void gone(std::uint32_t host);
  /// Another history begins: what was before is not judged.
  void history_begins();
  /// Nothing has been wrong for a while: what came up to this moment is settled.
  void settled(std::int64_t wall_ms, const complaint& say) const;

  struct counts {
    std::uint64_t writes = 0, starts = 0, interruptions = 0;
  };
  const counts& counted() const { return counts_; }

private:
  struct job_memory {
    timetable table;
    slots rule;
    std::set<std::tuple<item_id, std::int64_t, std::uint32_t>> started;
    std::int64_t written_since = 0;
    std::int64_t counted_from = 0; ///< the latest that has counted: a later one that is earlier brings nothing back
    std::int64_t bound = 0;        ///< of that, by when it was written
    /// No slot up to this one starts; from when on, by a clock that is right.
    std::deque<std::pair<std::int64_t, std::int64_t>> since;

    /// As all that go on have read it by then.
    std::int64_t since_read_by(std::int64_t right_ms) const;
  };
  struct item_memory {
    std::optional<store::slot_payload> record;
    /// Claims that were committed, by slot, attempt and turn, and when: by the store's clock, and by one that is right.
    struct claim {
      std::int64_t mtime_ms = 0, right_ms = 0;
    };
    std::map<std::tuple<std::int64_t, std::uint32_t, fencing_token>, claim> claims;
    std::map<fencing_token, std::uint32_t> turns; ///< who holds it in which
    /// The latest writes, by a clock that is right.
    std::deque<std::int64_t> writes;
    std::set<std::int64_t> covered;
    std::set<std::int64_t> told;  ///< those of them that were left out
    std::set<std::int64_t> begun; ///< slots for which code was called
    std::set<std::uint32_t> holders;
    bool spoiled = false;
  };
  using key = std::pair<job_id, item_id>;

  void changed(const key& k, job_memory& j, item_memory& m, const store::slot_payload& next, std::int64_t mtime_ms,
               const complaint& say);
  /// One of `claimed` is for the process to begin or to tell of, unless that dies.
  bool answers_for(const job_memory& j, const item_memory& m, fencing_token turn) const;
  void started(const run_started& s, std::int64_t wall_ms, std::int64_t store_ms, const complaint& say);

  store::tree_schema tree_;
  std::map<job_id, job_memory> jobs_;
  std::map<key, item_memory> items_;
  std::map<std::string, store::zxid_t> last_lock_;
  /// What runs are for that were told to have started, and whose code has not been called yet.
  std::map<std::pair<std::uint32_t, run_id>, std::pair<key, std::int64_t>> to_begin_;
  std::set<std::uint32_t> excused_;
  std::int64_t store_error_ms_ = 0, most_store_error_ms_ = 0;
  counts counts_;
};

} // namespace djm::sim
