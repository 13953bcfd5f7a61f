#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "actors/manager/manager_lifetime.hpp"

namespace djm {

class leader_store;
using leader_dialogue = exchange<leader_store, activity, manager_effects>;

/// The latch that makes a node the leader, and whose it is.
struct leadership {
  std::int64_t epoch = 0;
  std::string latch;
  std::uint64_t session = 0;
};

/// "n" of "/djm/alive/n" and of "/djm/alive/n/x", below "/djm/alive"; empty for any other path.
std::string name_below(const std::string& path, const std::string& folder);

/// The store in one term, as its activities use it: every question and transaction goes through here, so what is under
/// way, what was refused and what goes wrong are known in one place. Ends with the term; then nobody waits for answers
/// any more.
class leader_store : public leader_dialogue {
public:
  leader_store(manager_lifetime& life, leadership mine);

  const leadership& mine() const { return mine_; }
  const store::tree_schema& tree() const { return life_.tree; }
  /// A new value for a version node.
  std::string bump() { return life_.ids.draw(); }
  /// The name of a change, for payloads that say more than that.
  std::string bump_name() { return life_.ids.draw_name(); }
  /// A number for a question to the planner: it is answered to the same actor as those to the store.
  std::uint64_t draw_number() { return life_.cfg.numbers.draw(); }

  /// Answered by `then(self, slots..., step, effects)`. `self` is a part of the same term.
  template <class Self, class Then, class... Slots>
  void read(activity what, read_batch ask, bool fresh, manager_effects& out, Self* self, Then then, Slots... slots) {
    leader_dialogue::read(what, std::move(ask), fresh, out, told(self, then), std::move(slots)...);
  }
  /// Answered by `then(self, notes..., outcome, step, effects)`.
  template <class Label, class Self, class Then, class... Notes>
  void commit(activity what, txn_builder<Label> txn, manager_effects& out, Self* self, Then then, Notes... notes) {
    leader_dialogue::commit(what, mine_.session, std::move(txn), out, told(self, then), std::move(notes)...);
  }
  template <class Self, class Then, class Note>
  void commit(activity what, store::transaction txn, manager_effects& out, Self* self, Then then, Note note) {
    leader_dialogue::commit(
      what, mine_.session, std::move(txn), out,
      [self, then, note = std::move(note)](leader_store&, const store::commit_outcome& o, step s, manager_effects& fx) {
        std::invoke(then, *self, note, o, s, fx);
      });
  }

  // -- answers --

  /// What all answers have in common, then what the activity makes of it. False: nobody asks that any more, or a part
  /// of the answer is still to come.
  bool on_read(std::uint64_t request, const store::read_outcome& r, step s, manager_effects& out);
  bool on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s, manager_effects& out);

  // -- what goes wrong --

  /// Something did not go as the image said: everything has to be read again, as soon as this event is over.
  void setback(step s, const char* what, const std::string& why, manager_effects& out);
  /// Why everything has to be read again, if it has; asked once.
  std::optional<std::string> take_setback() { return std::exchange(setback_, std::nullopt); }
  /// Forgets what is under way, and waits a little.
  void start_over(step s);
  /// Made by a node with other credentials than ours, or with some where we have none: it takes part in nothing.
  void unreadable(const std::string& path, store::rc code, manager_effects& out);

  // -- how much a transaction may hold --

  std::size_t most_ops() const { return life_.batch.now(); }
  std::size_t most_breaks() const { return life_.break_batch.now(); }
  /// Only what was refused itself says that it is taken now: that something else is written proves nothing.
  void no_longer_refused(activity what, manager_effects& out);

  /// The term ends. `apart`: how far attempts at breaking may be apart. Returns what outlives it.
  open_problems end(time_point now, duration apart, manager_effects& out);

private:
  /// Found by a pointer: what is asked ends with the term, and so with `self`.
  template <class Self, class Then>
  static auto told(Self* self, Then then) {
    return
      [self, then](leader_store&, auto&&... args) { std::invoke(then, *self, std::forward<decltype(args)>(args)...); };
  }
  static const char* subject_of(activity a);
  void learn_limits(activity what, const store::commit_outcome& outcome, step s, manager_effects& out);
  void reading_failed(const answered_read& q, manager_effects& out);

  manager_lifetime& life_;
  leadership mine_;
  std::uint32_t failures_in_a_row_ = 0; ///< of reads
  std::optional<activity> refused_;     ///< what the store has refused to write
  std::optional<std::string> setback_;
};

} // namespace djm
