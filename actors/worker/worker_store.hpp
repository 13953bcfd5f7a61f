#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "actors/dialogue/exchange.hpp"
#include "actors/worker/worker_effects.hpp"

namespace djm {

/// What a question of the worker, or a transaction, is about. Of questions about `assigned`, of those about locks and
/// of changes of locks one is under way at a time each.
enum class worker_topic : std::uint8_t { assigned, lock_list, lock_data, scan_jobs, scan_locks, refusals, changes };

class worker_store;
using worker_dialogue = exchange<worker_store, worker_topic, worker_effects>;

/// The store as the activities of the worker use it: what is under way, when to try again and what goes wrong are known
/// in one place.
class worker_store : public worker_dialogue {
public:
  // What may fail for long, as people read it.
  static constexpr auto locking = "taking and giving back locks";
  static constexpr auto reading = "reading what is assigned to this node and the locks of it";

  explicit worker_store(const worker_config& c)
    : worker_dialogue(open_problems{"worker"}, backoff{c.backoff_min, c.backoff_max}) {}

  /// Answered by `then(self, slots..., step, effects)`. `self` is a part of the same core.
  template <class Self, class Then, class... Slots>
  void read(worker_topic about, read_batch ask, bool fresh, worker_effects& out, Self* self, Then then,
            Slots... slots) {
    worker_dialogue::read(about, std::move(ask), fresh, out, told(self, then), std::move(slots)...);
  }
  /// Answered by `then(self, outcome, step, effects)`. `session` is the one in which it was decided.
  template <class Label, class Self, class Then>
  void commit(std::uint64_t session, txn_builder<Label> txn, worker_effects& out, Self* self, Then then) {
    worker_dialogue::commit(worker_topic::changes, session, std::move(txn), out, told(self, then));
  }

  /// Both kinds of questions wait for the same moment; one that is waited for already stays.
  void retry(step s) {
    if (!retry_at()) {
      worker_dialogue::retry(s);
    }
  }

private:
  template <class Self, class Then>
  static auto told(Self* self, Then then) {
    return
      [self, then](worker_store&, auto&&... args) { std::invoke(then, *self, std::forward<decltype(args)>(args)...); };
  }
};

} // namespace djm
