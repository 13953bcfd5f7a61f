#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "djm/events.hpp"
#include "djm/slot_rules.hpp"
#include "djm/timetable.hpp"
#include "simulation/tree_image.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::sim {

/// Whether the memory of slots is kept (protocol, section 4.16), from the committed history and from what nodes tell:
///
/// - S1: the slot of a record only grows, and its turn never falls;
/// - S2: one start per item, slot and attempt, in the whole cluster, where starts are claimed;
/// - S3: what starts was claimed before, in this turn;
/// - S4: every slot of what is held in the end has started, which takes that the code of its run was called, or was
/// told
///   of;
/// - S5: nothing is written for jobs that forget, and no end twice in one turn;
/// - S6: no start and no write is for a slot that has not come by the store's clock, but for what clocks may differ;
/// - S7: nothing starts up to the moment from which slots count, unless that is more than a day ahead of all clocks.
class memory_rules {
public:
  using complaint = std::function<void(const char* invariant, std::string)>;

  explicit memory_rules(const std::string& root = "/djm") : tree_(root) {}

  void expect(const job_id& job, const timetable& table, slots rule) {
    jobs_.erase(job);
    jobs_.emplace(job, job_memory{table, rule, {}, 0});
  }
  /// Whether its slots are judged here: they may be further apart than a rest is long.
  bool knows(const job_id& job) const { return jobs_.count(job) > 0; }
  /// `lawless`: whoever writes is nobody of the cluster's.
  void sees(const store::node_change& change, const tree_event& e, store::zxid_t zxid, bool lawless,
            const complaint& say);
  /// `wall_ms`: by the clock of the node that tells it; `store_ms`: by that of the store.
  void told(std::uint32_t host, const event& what, std::int64_t wall_ms, std::int64_t store_ms, const complaint& say);
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
    std::int64_t since = 0;
  };
  struct item_memory {
    std::optional<store::slot_payload> record;
    /// Claims that were committed, by slot, attempt and turn.
    std::set<std::tuple<std::int64_t, std::uint32_t, fencing_token>> claims;
    std::set<std::int64_t> covered;
    std::set<std::int64_t> begun; ///< slots for which code was called
    std::set<std::uint32_t> holders;
    bool spoiled = false;
  };
  using key = std::pair<job_id, item_id>;

  void changed(const key& k, job_memory& j, item_memory& m, const store::slot_payload& next, std::int64_t mtime_ms,
               const complaint& say);
  void started(const run_started& s, std::int64_t wall_ms, std::int64_t store_ms, const complaint& say);

  store::tree_schema tree_;
  std::map<job_id, job_memory> jobs_;
  std::map<key, item_memory> items_;
  std::map<std::string, store::zxid_t> last_lock_;
  /// What runs are for that were told to have started, and whose code has not been called yet.
  std::map<std::pair<std::uint32_t, run_id>, std::pair<key, std::int64_t>> to_begin_;
  counts counts_;
};

} // namespace djm::sim
