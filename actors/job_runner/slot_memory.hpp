#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

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
  explicit slot_memory(const runner_config& cfg) : cfg_(cfg), rule_(memory_of(cfg.spec)) {}

  /// The specification, or what the record of the job says of slots, may have changed. True: it has.
  bool follow(std::int64_t since_ms);
  bool on() const { return rule_ != slots::forget; }
  /// Starts wait for a claim.
  bool claims() const { return rule_ == slots::claimed || rule_ == slots::tracked; }
  /// Ends are written.
  bool notes_ends() const { return rule_ == slots::finished || rule_ == slots::tracked; }
  bool tracks() const { return rule_ == slots::tracked; }
  /// Nothing up to this moment starts: see `followed_job::slots_since_ms`. One that is more than a day ahead of our
  /// clock was written by a clock that was wrong, or ours is: a job must not be silent for ever because of it.
  std::int64_t since(std::int64_t wall_ms) const {
    constexpr std::int64_t day_ms = 86'400'000;
    return since_ms_ - wall_ms > day_ms ? nothing_reached : since_ms_;
  }

  /// `here`: what the run of the item that goes on here is for; nothing: there is none.
  slot_plan plan(const slot_answer& a, const std::optional<run_purpose>& here, std::int64_t wall_ms) const;

  // -- starts that wait for their claims --

  struct pending_claim {
    active_run run;
    std::vector<work_item> handed;
    bool giving_back = false;
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
  void forget(item_no no) { reached_.erase(no); }

private:
  const runner_config& cfg_;
  slots rule_;
  schedule schedule_{};
  std::optional<slot_rules> rules_;
  std::int64_t since_ms_ = 0;
  std::map<run_id, pending_claim> claims_;
  std::unordered_map<item_no, std::int64_t> reached_;
};

} // namespace djm
