#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

/// Nodes that disagree about a pool. Each has a wish: what its pool function and its registration say. Wishes have
/// numbers that grow with time, and the latest one of a living node stands. Joining again is no new wish.
namespace djm {

using store::rc;

/// The number of a wish that is formed now. While nobody can be told, others may form later ones: then it counts as
/// formed when this node read the pools last.
std::optional<store::zxid_t> keeper_core::new_wish() const {
  if (cfg_.has_joined && !was_joined_) {
    return store::zxid_t{0};
  }
  return connected_ || !was_joined_ ? std::nullopt : std::optional{seen_wish_};
}

/// The session is over: what has not been written by now has not been formed later than what others write next.
void keeper_core::wishes_age() {
  for (auto& [id, o] : offers_) {
    if (was_joined_ && !o.wish) {
      o.wish = seen_wish_;
    }
  }
}

/// What became of the transaction under way.
void keeper_core::settle_wishes(wish_fate f) {
  for (const auto& w : wish_writes_) {
    const auto found = offers_.find(w.job);
    const bool comes_later = f == wish_fate::written && w.op >= pool_end_;
    if (w.op < pool_next_ || comes_later || found == offers_.end() || !found->second.numbering) {
      continue;
    }
    auto& o = found->second;
    o.numbering = false;
    const bool may_be_written = f == wish_fate::written || (f == wish_fate::unknown && w.op < pool_end_);
    if (!may_be_written) {
      o.wish.reset(); // nobody has seen that number
    }
  }
}

/// Whether the pool, which differs from what we want, is the later wish. Wishes that were formed while nobody could be
/// told share a number with others: of those the one that is written stands. So whoever writes over a living writer
/// raises the number, and no two nodes do it for ever.
bool keeper_core::overrules_us(const offer& o, const store::pool_payload& have) const {
  const bool ours = have.last_writer == cfg_.config.id && have.writer_incarnation == cfg_.incarnation;
  if (!o.wish || ours || have.last_writer.empty()) {
    return false;
  }
  return have.wish >= *o.wish;
}

bool keeper_core::writer_stands(const pool_slots::writer_slots& slots, offer& o, step s) const {
  const auto& alive = *slots.alive;
  const auto shown = store::decode<store::alive_payload>(alive.data, tree_.alive(o.by->writer));
  const bool here = alive.code == rc::ok && shown && shown->incarnation == o.by->incarnation;
  if (here && slots.available->code == rc::ok) {
    o.by->gone_since.reset();
    return true;
  }
  if (!o.by->gone_since) {
    o.by->gone_since = s.now;
  }
  if (here || alive.code == rc::ok) {
    return false; // it does not offer the job any more, or lives another life
  }
  const auto known = store::decode<store::worker_payload>(slots.worker->data, tree_.worker(o.by->writer));
  if (!known || known->left || known->incarnation != o.by->incarnation) {
    return false;
  }
  return s.now < *o.by->gone_since + std::chrono::milliseconds{known->detach_ms};
}

/// Somebody else's later wish stands. When its writer is gone we ask, in the pool itself, whether others stand for it,
/// and only when nobody answers do we write ours.
void keeper_core::stay_back(const pool_slots& slots, offer& o, const store::pool_payload& have, step s, effects& out) {
  const auto& job = slots.job;
  o.pool_dirty = false; // until the next look
  if (writer_stands(*slots.writer, o, s)) {
    o.by->challenged_since.reset();
    tell_overruled(job, o, have.schedule, slots.items->children, s, out);
    return;
  }
  auto want = have;
  want.retired = false; // we offer it
  if (have.challenger.empty()) {
    o.by->challenged_since = s.now;
    want.challenger = cfg_.config.id;
    const auto& data = *slots.node;
    pool_ops_.push_back(store::set_op{tree_.pool(job), store::encode(want, data.data), data.stat.version});
    return;
  }
  if (!o.by->challenged_since) {
    o.by->challenged_since = s.now;
  }
  if (s.now < *o.by->challenged_since + 2 * look_period()) {
    return;
  }
  want.attributes = o.spec.attributes;
  want.schedule = describe_schedule(o.spec.schedule);
  want.last_writer = cfg_.config.id;
  want.writer_incarnation = cfg_.incarnation;
  want.challenger.clear();
  want.wish = *o.wish;
  o.pool_dirty = true;
  overruling_ = true;
  write_pool(slots, o, std::move(want));
}

void keeper_core::tell_overruled(const job_id& job, offer& o, const std::string& schedule,
                                 const std::vector<item_id>& theirs, step s, effects& out) {
  // A change reaches the nodes one after the other, as their pool functions are asked.
  if (o.by->told || s.now < o.by->since + 2 * o.spec.pool_check_period + session_.timeout) {
    return;
  }
  o.by->told = true;
  const auto list = [](const std::vector<item_id>& all, const std::vector<item_id>& without) {
    std::string text;
    std::size_t n = 0;
    for (const auto& item : all) {
      if (!std::binary_search(without.begin(), without.end(), item) && ++n <= 3) {
        text += (n > 1 ? ", " : "") + item;
      }
    }
    return n > 3 ? text + " and " + std::to_string(n - 3) + " more" : text;
  };
  const auto ours = list(*o.pool, theirs);
  const auto others = list(theirs, *o.pool);
  auto text = tree_.pool(job) + ": nodes disagree: what \"" + o.by->writer + "\" wants is later than the wish of \"" +
              cfg_.config.id + "\" and stands";
  text += ours.empty() ? "" : "; only here: " + ours;
  text += others.empty() ? "" : "; only there: " + others;
  const auto here = describe_schedule(o.spec.schedule);
  const bool scheduled = schedule.empty() || schedule == here;
  text += scheduled ? "" : "; schedule here: " + here + ", there: " + schedule;
  text += ours.empty() && others.empty() && scheduled ? "; the attributes differ" : "";
  store_.complain(tree_.pool(job), {errc::conflict, std::move(text)}, out);
}

// -- looking ------------------------------------------------------------------------

/// Reads, without a barrier, whether the pools have changed, and only then which ones.
void keeper_core::look(effects& out) {
  read_batch ask;
  if (!looking_) {
    look_due_ = false;
    const auto version = ask.get(tree_.pool_version());
    store_.read(doing::looking, ask, false, out, &keeper_core::apply_look, version);
    return;
  }
  constexpr std::size_t most = 100;
  const auto from = look_jobs_.begin() + static_cast<std::ptrdiff_t>(look_next_);
  look_next_ = std::min(look_next_ + most, look_jobs_.size());
  const auto pools = ask.each(std::vector<job_id>{from, look_jobs_.begin() + static_cast<std::ptrdiff_t>(look_next_)},
                              [this](const job_id& job) { return store::get(tree_.pool(job)); });
  store_.read(doing::looking, ask, false, out, &keeper_core::apply_looked, pools);
}

void keeper_core::apply_look(const read_slot& slot, step s, effects& out) {
  const auto& found = *slot;
  const auto version = found.stat.mzxid;
  for (auto& [id, o] : offers_) {
    o.pool_dirty = o.pool_dirty || o.by;
    if (!o.pool_dirty && version == looked_) {
      undisputed(id, o, out);
    }
  }
  glance_at_ = s.now + look_period();
  if (found.code != rc::ok || version == looked_) {
    return;
  }
  looking_ = version;
  look_next_ = 0;
  look_jobs_.clear();
  for (const auto& [id, o] : offers_) {
    if (o.pool && !o.pool_dirty) {
      look_jobs_.push_back(id);
    }
  }
  looked_at_some();
}

void keeper_core::apply_looked(const read_slots<job_id>& pools, step, effects&) {
  for (const auto& [job, pool] : pools) {
    auto found = offers_.find(job);
    if (found != offers_.end() && found->second.agreed != pool->data) {
      found->second.pool_dirty = true;
    }
  }
  looked_at_some();
}

void keeper_core::looked_at_some() {
  if (look_next_ >= look_jobs_.size()) {
    looked_ = *looking_;
    looking_.reset();
  }
}

} // namespace djm
