#include "actors/keeper/records/record_check.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/common/store_time.hpp"

namespace djm {

using store::rc;
using topic = keeper_topic;

namespace {

/// Records in one question.
constexpr std::size_t most_records = 100;

} // namespace

bool record_check::start(keeper_effects& out) {
  const auto& tree = life_.tree;
  read_batch ask;
  base_slots base{ask.get(tree.jobs_version()), ask.exists(tree.jobs()), {}};
  if (!member_.joined() && claim_.has_registered()) {
    base.worker = ask.get(tree.worker(life_.id()));
  }
  std::vector<found_record> records;
  for (const auto& id : offers_.records_to_check(most_records)) {
    found_record r{{tree, id, ask}, {}};
    if (std::as_const(offers_).find(id)->submitted() != 0) {
      r.submission = ask.exists(tree.submission(id));
    }
    records.push_back(std::move(r));
  }
  if (records.empty()) {
    return false;
  }
  store_.read(topic::reading_records, ask, true, out, this, &record_check::apply, std::move(base), std::move(records));
  return true;
}

void record_check::apply(const base_slots& base, const std::vector<found_record>& records, step s,
                         keeper_effects& out) {
  if (base.worker && claim_.went_back(**base.worker, s, out)) {
    return;
  }
  const auto path = life_.tree.jobs_version();
  if (base.version->code != rc::ok || base.folder->code != rc::ok) {
    base_.incomplete();
    store_.complain(path, {errc::malformed_payload, path + " or " + life_.tree.jobs() + " is missing"}, out);
    store_.retry(s);
    return;
  }
  store_.relieve(path, out);
  std::vector<change> changes;
  for (const auto& found : records) {
    if (auto* o = offers_.find(found.record.id); o != nullptr && o->record.dirty()) {
      if (submission_gone(found, *o)) {
        o->record.end();
        end_job(*o, life_.tree.submission(found.record.id) + ", which it was made of, is not there any more", out);
      } else if (auto c = look_at(base, found.record, *o, s, out)) {
        changes.push_back(std::move(*c));
      }
    }
  }
  send(base, std::move(changes), out);
}

/// A job that was made of a submission is there as long as that one, and no other of its name. `jobs-version` was read
/// before and is checked by what is written: whoever has removed the submission since makes that fail.
bool record_check::submission_gone(const found_record& found, const job_offer& o) {
  const auto& there = found.submission;
  const bool gone = there && (*there)->code == rc::no_node;
  const bool another = there && (*there)->code == rc::ok && (*there)->stat.czxid != o.submitted();
  return o.submitted() != 0 && (gone || another); // one that may not be read is there, or not: that ends nothing
}

/// What one record says. What comes back is to be written; then it is looked at once more.
std::optional<record_check::change> record_check::look_at(const base_slots& base, const store::record_reads& found,
                                                          job_offer& o, step s, keeper_effects& out) {
  const auto path = life_.tree.job(found.id);
  if (found.record->code != rc::ok) {
    return missing(base, found, o, s, out);
  }
  const auto read = store::read_payload<store::job_payload>(*found.record, path);
  if (read.problem) {
    // The job goes on as it is; whoever mends the record, or removes it, is heard.
    store_.complain(path, *read.problem, out);
    o.record.doubtful();
    return std::nullopt;
  }
  if (read.value->state == record_state::open) {
    return follow(base, found, *read.value, o, s, out);
  }
  if (o.record.removed()) {
    end_job(o, path + " says that the job is " + enum_text(read.value->state), out);
    return std::nullopt;
  }
  if (read.value->state == record_state::removed && o.record.may_revive()) {
    return make(found, o, &*read.value, s, out);
  }
  store_.complain("removal: " + path,
                  {errc::invalid_state, path + ": the job is being removed; this node offers it as soon as the nodes "
                                               "that have it have given it back"},
                  out);
  o.record.looked_at();
  return std::nullopt;
}

std::optional<record_check::change> record_check::missing(const base_slots& base, const store::record_reads& found,
                                                          job_offer& o, step s, keeper_effects& out) {
  const auto path = life_.tree.job(found.id);
  if (!o.record.may_make(base.folder->stat.czxid, store_.session().number)) {
    o.record.end();
    end_job(o, path + " is not there any more: the job was removed while this node was away", out);
    return std::nullopt;
  }
  if (o.record.last() != nullptr && !o.record.may_revive()) {
    store_.complain("missing: " + path, {errc::malformed_payload, path + " was deleted by somebody; it is made anew"},
                    out);
  }
  return make(found, o, nullptr, s, out);
}

/// The record that this node would have: the last one that it followed, else one of its own.
std::optional<record_check::change> record_check::make(const store::record_reads& found, job_offer& o,
                                                       const store::job_payload* tombstone, step s,
                                                       keeper_effects& out) {
  const auto path = life_.tree.job(found.id);
  auto offer = store::to_offer(o.own());
  if (!offer) {
    store_.complain(path, offer.error(), out);
    o.record.looked_at();
    return std::nullopt;
  }
  auto record = tombstone == nullptr && o.record.last() != nullptr && !o.record.may_revive()
                  ? *o.record.last()
                  : store::first_record(std::move(*offer), tombstone, s.wall_ms);
  record.since_ms = s.wall_ms;
  record.changed_by = life_.bump_name();
  change c{found.id, {}};
  if (tombstone == nullptr) {
    c.ops.emplace_back(store::create_op{path, store::encode(record)});
  } else {
    c.ops.emplace_back(store::set_op{path, store::encode(record), found.record->stat.version});
    if (found.config->code == rc::ok) {
      c.ops.emplace_back(store::remove_op{life_.tree.job_config(found.id), found.config->stat.version});
    }
  }
  return c;
}

/// It is there: what it says is what this node works with, and what this node offers has to stand in it.
std::optional<record_check::change> record_check::follow(const base_slots& base, const store::record_reads& found,
                                                         const store::job_payload& record, job_offer& o, step s,
                                                         keeper_effects& out) {
  const auto path = life_.tree.job(found.id);
  store_.relieve("removal: " + path, out);
  store_.relieve("missing: " + path, out);
  const auto config_path = life_.tree.job_config(found.id);
  const auto config = store::read_payload<store::config_payload>(*found.config, config_path);
  auto followed = config.problem
                    ? tl::make_unexpected(*config.problem)
                    : store::follow(record, config.value ? &*config.value : nullptr, o.own(), o.record.hash(), path);
  const auto triggers =
    o.record.follow(record, found.record->stat.czxid, base.folder->stat.czxid, store_.session().number);
  if (followed) {
    store_.relieve(path, out);
    followed->triggers = triggers;
    // Whoever has written it had done so by then, if that is in doubt: the store's clock may have been behind. By days
    // it is not: then ours is as wrong as that of the writer, who may be this node, and will be set right one day.
    const auto ms = found.record->stat.mtime_ms;
    const bool doubtful =
      followed->slots_since_ms > s.wall_ms || followed->slots_since_ms - ms > store_time::too_far_ms;
    if (ms > 0 && doubtful) {
      const auto skew = std::chrono::duration_cast<std::chrono::milliseconds>(life_.cfg.config.max_clock_skew);
      followed->slots_since_ms = std::min(followed->slots_since_ms, ms + skew.count());
    }
    if (offers_.follow(*followed)) {
      out.push_back(keeper_follow{std::move(*followed)});
    }
  } else {
    store_.complain(path, followed.error(), out);
    if (triggers > 0 && o.followed()) { // they do not depend on what cannot be used
      auto once_more = *o.followed();
      once_more.triggers = triggers;
      out.push_back(keeper_follow{std::move(once_more)});
    }
  }
  if (auto next = record; member_.joined() && store::note_prepared(next, o.prepared())) {
    next.changed_by = life_.bump_name();
    return change{found.id, {store::set_op{path, store::encode(next, found.record->data), found.record->stat.version}}};
  }
  if (store::find_spec(record, o.record.hash()) != nullptr || !member_.joined()) {
    followed ? o.record.looked_at() : o.record.doubtful();
    return std::nullopt;
  }
  auto offer = store::to_offer(o.own());
  if (!offer) {
    store_.complain(path, offer.error(), out);
    o.record.looked_at();
    return std::nullopt;
  }
  auto next = record;
  store::appear(next, std::move(*offer));
  next.changed_by = life_.bump_name();
  return change{found.id, {store::set_op{path, store::encode(next, found.record->data), found.record->stat.version}}};
}

void record_check::end_job(job_offer& o, const std::string& why, keeper_effects& out) {
  o.record.looked_at();
  offers_.registration_outdated();
  out.push_back(keeper_job_ended{o.own().id, why});
}

// -- writing it ---------------------------------------------------------------------

/// As many as fit; the others are still out of date, and come with the next look.
void record_check::send(const base_slots& base, std::vector<change> changes, keeper_effects& out) {
  constexpr std::size_t max_bytes = 256u << 10;
  if (changes.empty()) {
    return;
  }
  keeper_txn txn;
  if (member_.joined()) {
    txn.add(keeper_guard::alive, store::check_op{life_.tree.alive(life_.id())});
  }
  std::size_t bytes = store::wire_size(txn.txn());
  std::vector<job_id> jobs;
  for (auto& c : changes) {
    std::size_t size = 0;
    for (const auto& op : c.ops) {
      size += store::wire_size(op);
    }
    if (!jobs.empty() && (bytes + size > max_bytes || txn.size() + c.ops.size() >= store_.most_ops())) {
      break;
    }
    bytes += size;
    for (auto& op : c.ops) {
      txn.add(std::move(op));
    }
    jobs.push_back(std::move(c.job));
  }
  const auto path = life_.tree.jobs_version();
  const auto before = store::read_payload<store::jobs_version_payload>(*base.version, path).value;
  const auto version = base.version->stat.version;
  txn.add(store::set_op{
    path,
    store::encode_change(before.value_or(store::jobs_version_payload{}), version, std::move(jobs), life_.bump_name()),
    version});
  store_.commit(topic::writing_records, std::move(txn), out, this, &record_check::written);
}

void record_check::written(const keeper_outcome& o, step s, keeper_effects& out) {
  if (o.committed()) {
    ++life_.counters.record_writes;
  } else if (o.failed(keeper_guard::alive, rc::no_node) && member_.joined()) {
    store_.registration_lost(out);
  } else {
    base_.doubt(o.conflict());
    store_.retry(s);
  }
}

} // namespace djm
