#include "actors/keeper/pools/pool_writer.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;
using topic = keeper_topic;

// -- what is to be written ----------------------------------------------------------

void pool_writer::begin(std::int32_t pool_version, std::int32_t worker_version) {
  plan p;
  p.pool_version = pool_version;
  p.worker_version = worker_version;
  plan_ = std::move(p);
}

void pool_writer::add(const store::job_reads& found, job_offer& o, const store::pool_payload& want) {
  const auto& tree = life_.tree;
  const auto& job = found.id;
  auto& ops = plan_->ops;
  o.accord.write();
  plan_->wishes.push_back({job, ops.size()});
  if (found.pool->code != rc::ok) {
    ops.push_back(store::create_op{tree.pool(job), store::encode(want)});
  } else {
    set_payload(found, want);
  }
  const auto& mine = *o.pool();
  const auto& theirs = found.items->children;
  for (const auto& item : mine) {
    if (!std::binary_search(theirs.begin(), theirs.end(), item, std::less<>{})) {
      ops.push_back(store::create_op{tree.pool(job, item), {}});
    }
  }
  for (const auto& item : theirs) {
    if (!std::binary_search(mine.begin(), mine.end(), item, std::less<>{})) {
      ops.push_back(store::remove_op{tree.pool(job, item_id{item})});
    }
  }
}

void pool_writer::overrule(const store::job_reads& found, job_offer& o, const store::pool_payload& want) {
  plan_->overruling = true;
  add(found, o, want);
}

void pool_writer::set_payload(const store::job_reads& found, const store::pool_payload& want) {
  plan_->ops.push_back(
    store::set_op{life_.tree.pool(found.id), store::encode(want, found.pool->data), found.pool->stat.version});
}

// -- writing it ---------------------------------------------------------------------

void pool_writer::send(keeper_effects& out) {
  if (plan_->next >= plan_->ops.size()) {
    // All written (or nothing to write): reading once more shows that it is so, and clears the marks.
    plan_.reset();
    return;
  }
  store_.commit(topic::writing_pools, next_txn(), out, this, &pool_writer::written);
}

keeper_txn pool_writer::next_txn() {
  constexpr std::size_t max_bytes = 256u << 10;
  auto& p = *plan_;
  keeper_txn txn;
  if (member_.joined()) {
    txn.add(keeper_guard::alive, store::check_op{life_.tree.alive(life_.id())});
  }
  txn.add(store::set_op{life_.tree.pool_version(), life_.bump(), p.pool_version});
  if (p.overruling) {
    // Whoever joins meanwhile, or offers a job, bumps it: nobody is overruled who is there again.
    txn.add(store::check_op{life_.tree.worker_version(), p.worker_version});
  }
  std::size_t bytes = store::wire_size(txn.txn());
  p.end = p.next;
  while (p.end < p.ops.size() && txn.size() < store_.most_ops()) {
    auto size = store::wire_size(p.ops[p.end]);
    if (bytes + size > max_bytes && p.end > p.next) {
      break;
    }
    bytes += size;
    txn.add(p.ops[p.end++]);
  }
  return txn;
}

void pool_writer::written(const keeper_outcome& o, step s, keeper_effects& out) {
  const bool refused = o.conflict() != nullptr || o.rejected() != nullptr;
  settle_wishes(o.committed() ? wish_fate::written : refused ? wish_fate::refused : wish_fate::unknown);
  if (o.committed()) {
    ++life_.counters.pool_writes;
    ++plan_->pool_version;
    plan_->next = plan_->end;
    send(out);
  } else if (o.failed(keeper_guard::alive, rc::no_node) && member_.joined()) {
    store_.registration_lost(out);
  } else {
    base_.doubt(o.conflict());
    store_.retry(s);
  }
}

void pool_writer::lost() {
  if (plan_) {
    settle_wishes(wish_fate::unknown);
  }
}

/// What became of the transaction under way.
void pool_writer::settle_wishes(wish_fate f) {
  for (const auto& w : plan_->wishes) {
    const bool comes_later = f == wish_fate::written && w.op >= plan_->end;
    if (auto* o = offers_.find(w.job); o != nullptr && w.op >= plan_->next && !comes_later) {
      o->wish.settle(f, w.op < plan_->end);
    }
  }
}

} // namespace djm
