#include "actors/keeper/pools/pool_wish.hpp"

#include <algorithm>
#include <chrono>

#include "zkstore/tree/records.hpp"

namespace djm {

using store::rc;

void pool_wish::renew(std::optional<store::zxid_t> number) {
  number_ = number;
  numbering_ = false;
}

void pool_wish::age(store::zxid_t seen) {
  if (!number_) {
    number_ = seen;
  }
}

void pool_wish::ours(store::zxid_t number) {
  if (number_) {
    number_ = std::max(*number_, number);
  }
}

void pool_wish::agreed(store::zxid_t number) {
  stands();
  renew(number);
}

store::zxid_t pool_wish::to_write(store::zxid_t seen) {
  if (!number_ || *number_ == 0) {
    number_ = seen;
    numbering_ = true;
  }
  return *number_;
}

void pool_wish::settle(wish_fate f, bool sent) {
  if (!numbering_) {
    return;
  }
  numbering_ = false;
  const bool may_be_written = f == wish_fate::written || (f == wish_fate::unknown && sent);
  if (!may_be_written) {
    number_.reset(); // nobody has seen that number
  }
}

/// Whether the pool, which differs from what we want, is the later wish. Wishes that were formed while nobody could be
/// told share a number with others: of those the one that is written stands. So whoever writes over a living writer
/// raises the number, and no two nodes do it for ever.
bool pool_wish::overruled_by(const store::pool_payload& have, bool ours) const {
  if (!number_ || ours || have.last_writer.empty()) {
    return false;
  }
  return have.wish >= *number_;
}

bool pool_wish::stays_back_for(const store::pool_payload& have) const {
  return by_ && by_->writer == have.last_writer && by_->incarnation == have.writer_incarnation;
}

/// The disagreement goes on, whoever writes what the others want.
void pool_wish::stay_back_for(const store::pool_payload& have, time_point now) {
  const auto since = by_ ? by_->since : now;
  by_ = overruler{have.last_writer, have.writer_incarnation, since, by_ && by_->told, {}, {}};
}

bool pool_wish::writer_stands(const writer_slots& slots, const store::tree_schema& tree, time_point now) {
  const auto& alive = *slots.alive;
  const auto shown = store::read_payload<store::alive_payload>(alive, tree.alive(by_->writer)).value;
  const bool here = shown && shown->incarnation == by_->incarnation;
  if (here && slots.available->code == rc::ok) {
    by_->gone_since.reset();
    return true;
  }
  if (!by_->gone_since) {
    by_->gone_since = now;
  }
  if (here || alive.code == rc::ok) {
    return false; // it does not offer the job any more, or lives another life
  }
  const auto known = store::read_payload<store::worker_payload>(*slots.worker, tree.worker(by_->writer)).value;
  if (!known || known->left || known->incarnation != by_->incarnation) {
    return false;
  }
  return now < *by_->gone_since + std::chrono::milliseconds{known->detach_ms};
}

void pool_wish::challenged(time_point now) {
  by_->challenged_since = now;
}

bool pool_wish::unanswered(duration patience, time_point now) {
  if (!by_->challenged_since) {
    by_->challenged_since = now;
  }
  return now >= *by_->challenged_since + patience;
}

bool pool_wish::tell(duration patience, time_point now) {
  if (by_->told || now < by_->since + patience) {
    return false;
  }
  by_->told = true;
  return true;
}

} // namespace djm
