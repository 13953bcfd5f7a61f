#include "actors/keeper/pools/pool_check.hpp"

#include <utility>

#include "actors/keeper/pools/disagreement.hpp"

namespace djm {

using store::rc;

namespace {

/// Pools in one question.
constexpr std::size_t most_pools = 100;

} // namespace

bool pool_check::start(keeper_effects& out) {
  const auto& tree = life_.tree;
  read_batch ask;
  base_slots base{ask.get(tree.pool_version()), ask.exists(tree.worker_version()), {}};
  if (!member_.joined() && claim_.has_registered()) {
    base.worker = ask.get(tree.worker(life_.id()));
  }
  std::vector<pool_slots> pools;
  for (const auto& id : offers_.pools_to_check(most_pools)) {
    pools.push_back({store::job_reads{tree, id, false, ask}, {}});
    if (const auto& wish = std::as_const(offers_).find(id)->wish; wish.stays_back()) {
      const auto& w = wish.writer();
      pools.back().writer = pool_wish::writer_slots{ask.get(tree.alive(w), true), ask.get(tree.worker(w)),
                                                    ask.exists(tree.available(w, id))};
    }
  }
  store_.nothing_left(pools.empty(), member_.joined() && !offers_.registration_dirty(), out);
  if (pools.empty()) {
    return false;
  }
  store_.read(keeper_topic::reading_pools, ask, true, out, this, &pool_check::apply, std::move(base), std::move(pools));
  return true;
}

void pool_check::apply(const base_slots& base, const std::vector<pool_slots>& pools, step s, keeper_effects& out) {
  if (base.worker && claim_.went_back(**base.worker, s, out)) {
    return;
  }
  const auto& version = base.version;
  const auto path = life_.tree.pool_version();
  if (version->code != rc::ok) {
    base_.incomplete();
    store_.complain(path, {errc::malformed_payload, path + " is missing"}, out);
    store_.retry(s);
    return;
  }
  store_.relieve(path, out);
  offers_.pools_read(version->stat.mzxid);
  writer_.begin(version->stat.version, base.worker_version->stat.version);
  for (const auto& slots : pools) {
    if (auto* o = offers_.find(slots.pool.id); o != nullptr && o->pool() && o->offered()) {
      tell_of_items(*o, *slots.pool.pool, out);
      apply_pool(slots, *o, s, out);
    }
  }
  writer_.send(out);
}

void pool_check::apply_pool(const pool_slots& slots, job_offer& o, step s, keeper_effects& out) {
  const auto& job = slots.pool.id;
  const auto& data = slots.pool.pool->data;
  const bool same_items = slots.pool.has_items(*o.pool());
  if (o.accord.agrees(data) && same_items) { // never for an absent node: its data are empty
    as_wanted(job, o, out);
    return;
  }
  auto want = wanted(o);
  const auto path = life_.tree.pool(job);
  const auto have = store::read_payload<store::pool_payload>(*slots.pool.pool, path);
  if (have.value) {
    want.enabled = have.value->enabled; // a switch outlives the nodes that registered the job
    if (!o.record.rules() && !have.value->retired) {
      leave_it(job, o, out);
      return;
    }
    if (stands(slots, o, *have.value, s, out)) {
      return;
    }
  } else if (have.problem) {
    store_.complain(path, *have.problem, out);
  }
  o.wish.stands();
  if (have.value && o.accord.disputed()) {
    store_.complain("dispute: " + path,
                    {errc::conflict,
                     path + ": another node keeps writing a different pool or attributes than \"" + life_.id() + "\""},
                    out);
  }
  want.wish = o.wish.to_write(offers_.seen_wish());
  writer_.add(slots.pool, o, want);
}

/// Another specification rules: those that offer it write the pool. (Where there are none any more, the leader says so
/// in the record, and this node takes its turn.)
void pool_check::leave_it(const job_id& job, job_offer& o, keeper_effects& out) {
  o.looked_at();
  o.wish.stands();
  o.accord.undisputed();
  store_.relieve(life_.tree.pool(job), out);
  store_.relieve("dispute: " + life_.tree.pool(job), out);
}

/// Whether the pool stays as it is for now: it says what we want, or what somebody else wants whose wish is later.
bool pool_check::stands(const pool_slots& slots, job_offer& o, const store::pool_payload& have, step s,
                        keeper_effects& out) {
  const bool ours = have.last_writer == life_.id() && have.writer_incarnation == life_.cfg.incarnation;
  if (ours) {
    o.wish.ours(have.wish);
  }
  const auto& spec = o.spec();
  const bool same_items = slots.pool.has_items(*o.pool());
  const bool same_schedule = have.schedule.empty() || have.schedule == describe_schedule(spec.schedule);
  if (same_items && have.attributes == spec.attributes && same_schedule && !have.retired) {
    o.wish.agreed(have.wish);
    // Else its writer is gone, and somebody asks whether anyone else wants it so: written by us, it is ours to defend.
    if (have.challenger.empty()) {
      o.accord.agree(slots.pool.pool->data);
      as_wanted(slots.pool.id, o, out);
      return true;
    }
    return false;
  }
  if (o.record.rules() && !ours && !have.spec.empty() && have.spec != o.record.hash()) {
    o.wish.renew({}); // of a node that had not heard that our specification rules: ours is the later one, as of now
    return false;
  }
  if (!o.wish.overruled_by(have, ours)) {
    return false;
  }
  if (!slots.writer || !o.wish.stays_back_for(have)) {
    o.wish.stay_back_for(have, s.now); // still dirty: read again, with what is there of its writer
  } else {
    stay_back(slots, o, have, s, out);
  }
  return true;
}

/// Somebody else's later wish stands. When its writer is gone we ask, in the pool itself, whether others stand for it,
/// and only when nobody answers do we write ours.
void pool_check::stay_back(const pool_slots& slots, job_offer& o, const store::pool_payload& have, step s,
                           keeper_effects& out) {
  const auto& job = slots.pool.id;
  o.looked_at(); // until the next look
  // Who gives way does not fight for the pool any more.
  o.accord.undisputed();
  store_.relieve("dispute: " + life_.tree.pool(job), out);
  if (o.wish.writer_stands(*slots.writer, life_.tree, s.now)) {
    o.wish.unchallenged();
    tell_overruled(job, o, have.schedule, to_ids<item_id>(slots.pool.items->children), s, out);
    return;
  }
  auto want = have;
  want.retired = false; // we offer it
  if (have.challenger.empty()) {
    o.wish.challenged(s.now);
    want.challenger = life_.id();
    writer_.set_payload(slots.pool, want);
    return;
  }
  if (!o.wish.unanswered(2 * store_.look_period(), s.now)) {
    return;
  }
  claim_pool(want, o);
  want.challenger = {};
  want.wish = *o.wish.number();
  o.outdated();
  writer_.overrule(slots.pool, o, want);
}

void pool_check::as_wanted(const job_id& job, job_offer& o, keeper_effects& out) {
  const auto path = life_.tree.pool(job);
  o.looked_at();
  o.wish.stands();
  store_.relieve(path, out);
  if (o.accord.found()) {
    store_.relieve("dispute: " + path, out);
  }
}

store::pool_payload pool_check::wanted(const job_offer& o) const {
  store::pool_payload want;
  want.enabled = o.spec().enabled;
  claim_pool(want, o);
  return want;
}

/// What of a pool's node is its writer's.
void pool_check::claim_pool(store::pool_payload& want, const job_offer& o) const {
  want.attributes = o.spec().attributes;
  want.schedule = describe_schedule(o.spec().schedule);
  want.spec = o.record.hash();
  want.last_writer = life_.id();
  want.writer_incarnation = life_.cfg.incarnation;
}

void pool_check::tell_overruled(const job_id& job, job_offer& o, const std::string& schedule,
                                const std::vector<item_id>& theirs, step s, keeper_effects& out) {
  // A change reaches the nodes one after the other, as their pool functions are asked.
  if (!o.wish.tell(2 * o.spec().pool_check_period + store_.session().timeout, s.now)) {
    return;
  }
  const auto path = life_.tree.pool(job);
  store_.complain(path, {errc::conflict, path + describe_disagreement(life_.id(), o, schedule, theirs)}, out);
}

} // namespace djm
