#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "actors/dialogue/exchange.hpp"
#include "actors/keeper/keeper_lifetime.hpp"
#include "actors/keeper/membership.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

class keeper_store;
using keeper_dialogue = exchange<keeper_store, keeper_topic, keeper_effects>;

/// What a transaction of the keeper may stumble over, where that makes a difference: `alive/<node>` is not ours any
/// more.
enum class keeper_guard : std::uint8_t { alive };
using keeper_txn = txn_builder<keeper_guard>;
using keeper_outcome = txn_outcome<keeper_guard>;

/// The store as the activities of the keeper use it: every question and transaction goes through here, so what is under
/// way, what was refused and what goes wrong are known in one place. Activities end with the session, and so does what
/// they have asked; what goes wrong, and the wait until the next attempt, outlive it.
class keeper_store : public keeper_dialogue {
public:
  keeper_store(keeper_lifetime& life, membership& member);

  void on_session(const store::session_view& view) { session_ = view; }
  const store::session_view& session() const { return session_; }
  bool connected() const { return session_.phase == store::session_phase::connected; }
  /// How often it is looked whether others have changed something of ours.
  duration look_period() const { return session_.timeout / 2; }
  /// How much a transaction may hold.
  std::size_t most_ops() const { return batch_.now(); }

  // -- questions --

  /// Answered by `then(self, slots..., step, effects)`. `self` is there for as long as the session is.
  template <class Self, class Then, class... Slots>
  void read(keeper_topic what, read_batch ask, bool fresh, keeper_effects& out, Self* self, Then then, Slots... slots) {
    keeper_dialogue::read(what, std::move(ask), fresh, out, told(self, then), std::move(slots)...);
  }
  /// Answered by `then(self, notes..., outcome, step, effects)`, whatever the outcome: what all of them have in common
  /// is done by then, except that it is for the activity to try again.
  template <class Label, class Self, class Then, class... Notes>
  void commit(keeper_topic what, txn_builder<Label> txn, keeper_effects& out, Self* self, Then then, Notes... notes) {
    keeper_dialogue::commit(what, session_.number, std::move(txn), out, told(self, then), std::move(notes)...);
  }

  // -- answers --

  /// What became of a question.
  enum class answer : std::uint8_t {
    stale, ///< nobody asks that any more, or a part is still to come
    taken,
    lost,
    refused
  };
  struct heard {
    answer how = answer::stale;
    keeper_topic what = keeper_topic::looking;
  };
  /// What all answers have in common, then what the activity makes of them.
  heard on_read(std::uint64_t request, const store::read_outcome& r, step s, keeper_effects& out);
  /// False: nobody waits for that any more.
  bool on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s, keeper_effects& out);

  // -- what goes wrong --

  /// Access may have been refused because somebody is just changing it. Who has never joined takes it for an answer
  /// when it lasts.
  void deny(const std::string& about, const std::string& what, step s, keeper_effects& out);
  /// The same, and it is tried again.
  void refused(const std::string& about, const std::string& what, step s, keeper_effects& out);
  /// This node cannot work here.
  void give_up(error why, keeper_effects& out);
  /// The registration is gone, if there was one.
  void registration_lost(keeper_effects& out);
  /// What was tried in vain may have been written although its outcome got lost, or nobody wants it any more: so much
  /// is as it should be.
  void nothing_left(bool pools, bool registration, keeper_effects& out);

private:
  /// Found by a pointer: what is asked ends with the session, and so with `self`.
  template <class Self, class Then>
  static auto told(Self* self, Then then) {
    return
      [self, then](keeper_store&, auto&&... args) { std::invoke(then, *self, std::forward<decltype(args)>(args)...); };
  }
  static const char* subject_of(keeper_topic t);
  void rejected(keeper_topic what, const store::rejected& no, step s, keeper_effects& out);

  keeper_lifetime& life_;
  membership& member_;
  store::session_view session_;
  batch_size batch_;
  std::optional<time_point> refused_since_; ///< the store has refused what we need, without a success since
};

} // namespace djm
