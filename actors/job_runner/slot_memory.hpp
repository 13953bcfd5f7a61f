#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "actors/common/store_time.hpp"
#include "actors/job_runner/item_table.hpp"
#include "actors/job_runner/run_table.hpp"
#include "actors/job_runner/runner_effects.hpp"

namespace djm {

/// What follows from what is remembered of an item, for whoever has it now.
struct slot_plan {
  /// Slots up to this one are done with.
  std::int64_t floor = 0;
  /// Another attempt of an earlier slot comes first.
  std::optional<run_purpose> again;
  /// Slots in a row that have failed.
  std::uint32_t failures = 0;
  /// The run that was claimed is nowhere any more.
  bool interrupted = false;
  /// It runs no more: it was parked before, or is to be now.
  bool parked = false, park = false;
};

/// What is remembered of the slots of one job's items, as far as its runner has to do with it: which rule holds, what
/// the records mean, and which starts wait for their claims. Pure.
///
///   granted ──ask──► (held back) ──known──► due ──claim──► waits ──written──► run ──end──► note ──written──► due
///                         ▲                                  │ superseded, not granted any more, no lease
///                         └─────────────known◄───────────────┘ (given back)
///
/// A start that waits for its claim has its item as a run has. Whatever is being written of an item keeps it from being
/// released, so a gentle move leaves nothing unsaid.
class slot_memory {
public:
  explicit slot_memory(const runner_config& cfg)
    : cfg_(cfg), rule_(memory_of(cfg.spec)), last_wish_(cfg.run_base << 40) {}

  /// The specification, or what the record of the job says of slots, may have changed. True: it has.
  bool follow(std::int64_t since_ms);
  bool on() const { return rule_ != slots::forget; }
  /// Starts wait for a claim.
  bool claims() const { return rule_ == slots::claimed || rule_ == slots::tracked; }
  /// Ends are written.
  bool notes_ends() const { return rule_ == slots::finished || rule_ == slots::tracked; }
  bool tracks() const { return rule_ == slots::tracked; }
  // -- the store's time --

  /// The worker has heard it.
  void hear(const store_time& t) {
    if (time_ && std::abs(t.least - time_->least) > t.skew) {
      note_clock_set();
    }
    time_ = t;
    by_store_ = {};
  }
  /// The same event by a wall clock that is not further ahead of the store's than it may be: no slot starts, and
  /// nothing is written of one, before it has come by both.
  step by_store(step s);
  /// Told once: the clock of the node or the store's was set since, by more than clocks may differ. What was written by
  /// one that was wrong may count no more, or again.
  bool take_clock_set() { return std::exchange(clock_was_set_, false); }
  /// Whether the slot has come by the store's clock, as far as that is known by now.
  bool has_come(std::int64_t slot, step s) const { return until_come(slot, s) == duration::zero(); }
  /// How long until then.
  duration until_come(std::int64_t slot, step s) const {
    const auto ms = time_ ? std::max<std::int64_t>(0, slot - time_->limit(s.now)) : 0;
    return std::chrono::milliseconds{ms};
  }
  /// Nothing up to this moment starts: see `followed_job::slots_since_ms`. One that is more than a day ahead of both
  /// clocks was written by one that was wrong, and counts for nothing until it is another one, or a clock is set: a job
  /// must not be silent because of it, neither for ever nor as soon as it comes within a day.
  std::int64_t since(step s) const;
  /// What is known of the item has been decided by clocks, as it would not be by others.
  bool rests_on_clocks(item_no no, std::int64_t wall_ms) const { return rests_.count(no) > 0 || reached(no) > wall_ms; }
  /// The item was looked at. `anew`: see `slot_answer`.
  void looked(item_no no, bool anew, std::int64_t wall_ms) {
    anew || since_ms_ > wall_ms || reached(no) > wall_ms ? (void) rests_.insert(no) : (void) rests_.erase(no);
  }

  /// `here`: what the run of the item that goes on here is for; nothing: there is none. `granted`: since when the item
  /// is here.
  slot_plan plan(const slot_answer& a, const std::optional<run_purpose>& here, time_point granted, step s) const;

  // -- starts that wait for their claims --

  struct pending_claim {
    active_run run;
    std::vector<work_item> handed;
    bool giving_back = false;
    std::uint64_t wish = 0; ///< what is being written of it
  };
  void add(run_id id, pending_claim c) { claims_.emplace(id, std::move(c)); }
  pending_claim* find(run_id id) {
    const auto i = claims_.find(id);
    return i == claims_.end() ? nullptr : &i->second;
  }
  pending_claim take(run_id id) { return std::move(claims_.extract(id).mapped()); }
  bool pending(run_id id) const { return claims_.count(id) > 0; }
  std::size_t size() const { return claims_.size(); }
  std::vector<run_id> all() const;

  // -- what has been asked: each answer bears the number of its wish --

  std::uint64_t draw() { return ++last_wish_; }
  /// A look at the item is under way; what was asked before tells less.
  void looks(item_no no, std::uint64_t wish) { looks_[no] = wish; }
  bool awaits_look(item_no no, std::uint64_t wish) const {
    const auto i = looks_.find(no);
    return i != looks_.end() && i->second == wish;
  }
  /// What is being written of an item, which waits for it.
  struct pending_note {
    item_no item;
    std::int64_t slot;
    bool given_back;
  };
  void notes(std::uint64_t wish, pending_note what) { notes_.emplace(wish, what); }
  /// Nothing: nobody waits for the answer any more.
  std::optional<pending_note> noted(item_no no, std::uint64_t wish) {
    const auto i = notes_.find(wish);
    if (i == notes_.end() || i->second.item != no) {
      return std::nullopt;
    }
    const auto what = i->second;
    notes_.erase(i);
    return what;
  }
  /// Nobody answers any more.
  std::vector<pending_note> drop_notes();

  // -- the latest slot of each item --

  /// Slots of the item up to this one have been started or left out.
  void reached(item_no no, std::int64_t slot) {
    auto& x = reached_.try_emplace(no, nothing_reached).first->second;
    x = std::max(x, slot);
  }
  void set(item_no no, std::int64_t slot) { reached_[no] = slot; }
  std::int64_t reached(item_no no) const {
    const auto i = reached_.find(no);
    return i == reached_.end() ? nothing_reached : i->second;
  }
  static constexpr auto nothing_reached = std::numeric_limits<std::int64_t>::min();
  /// What was known of the item counts no more.
  void forget(item_no no) {
    reached_.erase(no);
    looks_.erase(no);
    rests_.erase(no);
  }

private:
  void note_clock_set() {
    clock_was_set_ = true;
    since_is_wrong_ = false;
  }

  const runner_config& cfg_;
  slots rule_;
  schedule schedule_{};
  std::optional<slot_rules> rules_;
  std::int64_t since_ms_ = 0;
  mutable bool since_is_wrong_ = false; ///< by both clocks, as they have been since that was found
  std::optional<store_time> time_;
  step by_node_, by_store_; ///< the latest event, by either clock
  bool clock_was_set_ = false;
  std::map<run_id, pending_claim> claims_;
  std::uint64_t last_wish_;
  std::unordered_map<item_no, std::uint64_t> looks_;
  std::map<std::uint64_t, pending_note> notes_;
  std::unordered_map<item_no, std::int64_t> reached_;
  std::unordered_set<item_no> rests_; ///< what is known of these depends on the clocks as they were
};

} // namespace djm
