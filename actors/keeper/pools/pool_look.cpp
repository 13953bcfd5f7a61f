#include "actors/keeper/pools/pool_look.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;
using topic = keeper_topic;

void pool_look::on_wake(step s) {
  if (at_ && s.now >= *at_) {
    at_.reset();
    due_ = true;
  }
}

void pool_look::start(keeper_effects& out) {
  read_batch ask;
  if (!walk_) {
    due_ = false;
    const auto version = ask.get(life_.tree.pool_version());
    store_.read(topic::looking, ask, false, out, this, &pool_look::apply_version, version);
    return;
  }
  constexpr std::size_t most = 100;
  const auto at = [this](std::size_t n) { return walk_->jobs.begin() + static_cast<std::ptrdiff_t>(n); };
  const auto from = at(walk_->next);
  walk_->next = std::min(walk_->next + most, walk_->jobs.size());
  const auto pools = ask.each(std::vector<job_id>{from, at(walk_->next)},
                              [this](const job_id& job) { return store::get(life_.tree.pool(job)); });
  store_.read(topic::looking, ask, false, out, this, &pool_look::apply_pools, pools);
}

void pool_look::apply_version(const read_slot& slot, step s, keeper_effects& out) {
  const auto version = slot->stat.mzxid;
  for (auto& [id, o] : offers_) {
    if (o.wish.stays_back()) {
      o.outdated();
    }
    if (!o.dirty() && version == looked_) {
      o.accord.undisputed();
      store_.relieve("dispute: " + life_.tree.pool(id), out);
    }
  }
  put_off(s);
  if (slot->code != rc::ok || version == looked_) {
    return;
  }
  walk_ = walk{version, {}, 0};
  for (const auto& [id, o] : std::as_const(offers_)) {
    if (o.pool() && !o.dirty() && o.offered()) {
      walk_->jobs.push_back(id);
    }
  }
  looked_at_some();
}

void pool_look::apply_pools(const read_slots<job_id>& pools, step, keeper_effects& out) {
  for (const auto& [job, pool] : pools) {
    if (auto* o = offers_.find(job); o != nullptr) {
      if (!o->accord.agrees(pool->data)) {
        o->outdated();
      }
      tell_of_items(*o, *pool, out);
    }
  }
  looked_at_some();
}

void pool_look::looked_at_some() {
  if (walk_->next >= walk_->jobs.size()) {
    looked_ = walk_->version;
    walk_.reset();
  }
}

} // namespace djm
