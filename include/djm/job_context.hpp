#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "djm/bytes.hpp"
#include "djm/error.hpp"
#include "djm/export.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/run_outcome.hpp"
#include "djm/slot_rules.hpp"
#include "djm/time.hpp"
#include "djm/user_config.hpp"

namespace djm {

/// Number of a run, unique within one life of its node.
using run_id = std::uint64_t;

/// Strictly increases from one holder of an item to the next (within the history of one ensemble).
using fencing_token = std::int64_t;

/// An item a run works on, with the proof of its turn.
struct work_item {
  /// The item.
  item_id id;
  /// Proof of its turn: grows with each holder of the item.
  fencing_token token = 0;
};
DJM_FIELDS(work_item, id, token)

/// Whether item and token agree.
inline bool operator==(const work_item& a, const work_item& b) {
  return a.id == b.id && a.token == b.token;
}

/// Why a run is asked to stop.
enum class stop_reason : std::uint8_t {
  /// It is not asked to stop.
  none,
  /// Items of the run were taken away, because they belong elsewhere now; `revoked_items` tells which. Where some are
  /// left the run may go on with them, see `job_context::release`.
  revoked,
  /// The job is unregistered on this node.
  disabled,
  /// New items arrived and the job wants a fresh run (`new_items_policy::restart`).
  new_items,
  /// The store has been out of reach for so long that the items may soon run elsewhere.
  lease_expiring,
  /// The node shuts down.
  shutdown,
  /// The job (or all jobs) is switched off in the cluster: its items run nowhere until it is switched on again.
  switched_off,
  /// It took longer than `failure_rules::run_timeout`, or was silent for longer than `beat_timeout`.
  timed_out,
  /// Somebody has cancelled this run (`cancel_run`).
  cancelled,
  /// The next slot of its calendar has come (`overlap::restart`).
  superseded,
};

/// The names of the reasons, in their order.
constexpr auto enum_names(stop_reason) {
  return name_enum("stop_reason", "none", "revoked", "disabled", "new_items", "lease_expiring", "shutdown",
                   "switched_off", "timed_out", "cancelled", "superseded");
}

/// The name of the reason.
std::string to_string(stop_reason reason);

/// Keeps a stop callback registered; unregisters at destruction and then waits for a call that is under way
/// (unless that call is on the same thread).
class stop_subscription {
public:
  stop_subscription() = default;
  /// Keeps `impl` alive; for djm itself.
  explicit stop_subscription(std::shared_ptr<void> impl) : impl_(std::move(impl)) {}

private:
  std::shared_ptr<void> impl_;
};

/// What a run sees of djm.
///
/// Stop requests: where the whole run has to end, `stop_requested` is true from then on, and waiting returns at once.
/// Where only some of its items are taken away, the run is left in peace for a while (its stop grace, or the node's
/// where that is shorter): it may come to its end, or `release` those items and go on with the others. What it has not
/// released by then it is asked to stop for: `stop_requested` is true until it has, and one wait is cut short, so that
/// a run that sleeps hears of it.
///
/// Valid during `job::run` only; all members are thread-safe.
///
/// Danger: no timer can stop a process that is frozen in the middle of a run (SIGSTOP, a stalled virtual machine, long
/// swapping). When it wakes up after the deadline it executes a few more instructions while another node may already
/// work on the same item. Where that would do damage, pass `token` along with each external effect and let the receiver
/// refuse a token lower than the highest it has seen; samples/wordcount shows how.
class DJM_EXPORT job_context {
public:
  virtual ~job_context() = default;

  /// The job.
  virtual const job_id& job() const = 0;
  /// This run.
  virtual run_id run() const = 0;
  /// The share of this run, never empty. Sorted by id; after a run that failed or was interrupted, the next one begins
  /// one item further, and those that failed by name come last: so that no item keeps those behind it from their turn.
  virtual const std::vector<work_item>& items() const = 0;
  /// Fencing token of an item of this run; 0 for another item.
  virtual fencing_token token(const item_id& item) const = 0;

  /// The slot that this run is for: an instant of its calendar, before any jitter, or of the grid of a lasting
  /// schedule. Nothing where there is none: triggers, and rhythms below a minute without a phase.
  virtual std::optional<wall_time> slot() const = 0;
  /// When this run was to start by the wall clock: the slot and its jitter. Nothing where there is no slot.
  virtual std::optional<wall_time> due() const = 0;
  /// Slots before that one for which this run stands as well, see `catch_up::last`.
  virtual missed_slots missed() const = 0;
  /// Which attempt for its slot this is, from 1 on; see `retry`.
  virtual std::uint32_t attempt() const = 0;
  /// Says that the run is alive, and how far it has come: `done` of `total` (0: not known). Cheap; only the latest is
  /// kept and shown. See `failure_rules::beat_timeout`.
  virtual void beat(std::uint64_t done = 0, std::uint64_t total = 0, std::string text = {}) = 0;
  /// The configuration of the job, as it was when this run was handed out: it does not change during the run, and
  /// secrets are resolved. A struct with a field list comes out of it by `config().as<T>()`.
  virtual const user_config& config() const = 0;
  /// `rev` of the job's record with which that came; 0: it is the one that the job was registered with.
  virtual std::int64_t config_rev() const = 0;
  /// The preparation (`job::prepare`) after which this run was handed out: from 1 on, one more with each
  /// `prepare_again`. 0: the job prepares nothing.
  virtual std::int64_t generation() const = 0;

  /// Whether this run has been asked to stop.
  virtual bool stop_requested() const = 0;
  /// Why it has been asked to stop; `none` as long as it has not.
  virtual djm::stop_reason reason() const = 0;
  /// Items taken away so far, sorted; may grow while the run goes on.
  virtual std::vector<item_id> revoked_items() const = 0;
  /// Whether work on this item has to end: the whole run has to stop, or the item was taken away or released.
  virtual bool stop_requested(const item_id& item) const = 0;
  /// Says that this run does not touch the item any more. One that was taken away can go at once instead of at the end
  /// of the run. Items of other runs, and what is released already, are ignored.
  virtual void release(const item_id& item) = 0;
  /// Says that work on this item failed: the run counts as failed and goes on, the item is named in its failure. It is
  /// tried again as `retry` says, without those that did not fail.
  virtual void fail_item(const item_id& item, const std::string& what) = 0;
  /// The same, and it is not tried again for this slot.
  virtual void fail_item_for_good(const item_id& item, const std::string& what) = 0;
  /// Gives the item back, and asks that another node gets it: this one cannot work on it (a device that is not there, a
  /// partner that does not answer). As `release`; besides, this node does not get the item again before
  /// `failure_rules::refused_for` is over. Where no other node can have it, it waits. `why` is for people. The run has
  /// not failed by this. Items of other runs, and what is released already, are ignored.
  virtual void decline(const item_id& item, const std::string& why) = 0;
  /// What was saved last of this item, by whoever held it then or by an operator; nothing: never anything, or an
  /// operator has taken it away. It is read anew with each call, and never older than what was loaded or saved before,
  /// wherever that was. Waits for the store, at most for about one and a half `operation_deadline`s, whether a stop is
  /// requested or not; it may be called after such a request, until the item is released. Calls of several threads
  /// about one item come one after the other. Errors, besides those that a store may have (`no_permission`):
  /// - `not_owner`: it is none of this run, it was released, or its lock was lost.
  /// - `not_connected`, `timed_out`: the store could not be reached, or did not answer in time.
  /// - `malformed_payload`: what stands in the store makes no sense; an operator may set another state.
  /// - `backlog_full`: thousands of such calls wait on this node. `shutting_down`: the node has left.
  virtual expected<std::optional<bytes>> load(const item_id& item) = 0;
  /// Saves the state of this item for whoever runs it next, on whichever node; at most 64 KiB (`max_item_state`). Waits
  /// until it is written, as `load` does. What a former holder saves late is refused by the store itself: no state is
  /// ever overwritten by a turn that is over. Errors as of `load`, after which nothing was saved and nothing will be,
  /// and
  /// - `conflict`: an operator has set another state since this turn has loaded (or, where it never has, since it saved
  ///   first). So does every save that follows, until the new state is loaded. Nothing of it stays.
  /// - `too_large`: nothing was saved.
  /// - `unknown_outcome`: it may or may not have been saved. `load` tells.
  virtual expected<void> save(const item_id& item, const bytes& state) = 0;
  /// Calls `f(item)` for each item of the share that is not taken away, until the run has to stop. What `f` throws
  /// fails that item and no other (what is no std::exception is passed on, and so is `retry_later`); items taken away
  /// are released.
  template <class F>
  void for_each_item(F&& f);
  /// Waits until stop is requested or the time has passed; true when stop is requested. Returns at once when the whole
  /// run has to stop; a request for some of its items cuts one wait short. The longest duration is no
  /// limit.
  virtual bool wait_for_stop(duration timeout) = 0;
  /// Any duration of `std::chrono`; one too long for nanoseconds is no limit.
  template <class Rep, class Period>
  bool wait_for_stop(std::chrono::duration<Rep, Period> timeout) {
    return wait_for_stop(saturate(timeout));
  }
  /// Waits until stop is requested, however long that takes.
  void wait_for_stop() { wait_for_stop(duration::max()); }
  /// Sleeps; false when a stop request ended it early.
  bool sleep(any_duration d) { return !wait_for_stop(duration{d}); }
  /// Calls `f` once when stop is requested (at once when it is already), on a reserved executor thread: keep it short.
  /// A run that goes on after it released what was taken away may register another one.
  virtual stop_subscription on_stop(std::function<void(djm::stop_reason)> f) = 0;
};

template <class F>
void job_context::for_each_item(F&& f) {
  for (const auto& item : items()) {
    for (const auto& gone : revoked_items()) {
      release(gone);
    }
    if (stop_requested()) {
      return;
    }
    if (stop_requested(item.id)) {
      continue;
    }
    try {
      f(item);
    } catch (const retry_later&) {
      throw;
    } catch (const permanent_failure& e) {
      fail_item_for_good(item.id, e.what());
    } catch (const std::exception& e) {
      fail_item(item.id, e.what() == nullptr ? "exception without text" : e.what());
    } catch (...) {
      fail_item(item.id, "an exception that is no std::exception");
      throw;
    }
  }
}

} // namespace djm
