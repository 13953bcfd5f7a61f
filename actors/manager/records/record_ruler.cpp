#include "actors/manager/records/record_ruler.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/manager/planning/standing.hpp"

namespace djm {

using store::rc;

namespace {

/// Records that are judged together.
constexpr std::size_t most_questions = 20;

/// Whether operators have set anything that must not be forgotten.
bool has_intent(const store::job_payload& record, const store::read_result& config) {
  if (record.paused || config.code == rc::ok) {
    return true;
  }
  for (const auto& s : record.lineage) {
    if (!s.overrides.empty()) {
      return true;
    }
  }
  return false;
}

} // namespace

bool record_ruler::start(step s, manager_effects& out) {
  if (s.now >= tidy_at_) {
    tidy(s);
  }
  if (news_ || (look_at_ && s.now >= *look_at_)) {
    look(out);
    return true;
  }
  if (open_questions_.empty()) {
    return false;
  }
  // Walks the workers, only while there is something to decide.
  if (auto there = offering(s.now); there != judged_among_) {
    judged_among_ = std::move(there);
    to_judge_ = open_questions_;
  }
  if (to_judge_.empty()) {
    return false;
  }
  judge(out);
  return true;
}

void record_ruler::give_up() {
  news_ = true;
  seen_.reset();
  judged_among_.clear();
}

// -- what has changed -----------------------------------------------------------------

void record_ruler::look(manager_effects& out) {
  news_ = false;
  look_at_.reset();
  const auto& tree = store_.tree();
  read_batch ask;
  const auto version = ask.get(tree.jobs_version(), true);
  const auto names = seen_ ? std::nullopt : std::optional{ask.children(tree.jobs())};
  store_.read(activity::look_at_records, ask, false, out, this, &record_ruler::apply_look, version, names);
}

void record_ruler::apply_look(const read_slot& version, const std::optional<read_slot>& names, step s,
                              manager_effects& out) {
  const auto& tree = store_.tree();
  if (version->code != rc::ok || !version->watched) {
    look_at_ = s.now + life_.cfg.sweep_period; // no watch will tell
  }
  if (version->code != rc::ok) {
    return; // keepers make it anew
  }
  const auto now = store::read_payload<store::jobs_version_payload>(*version, tree.jobs_version()).value;
  auto changed = now && seen_ ? store::changed_since(*now, version->stat.version, *seen_) : std::nullopt;
  if (!names && !changed) {
    seen_.reset(); // too many changes to name: all are read
    news_ = true;
    return;
  }
  seen_ = version->stat.version;
  if (names) {
    const auto all = to_ids<job_id>((*names)->children);
    names_.clear();
    std::copy_if(all.begin(), all.end(), std::inserter(names_, names_.end()),
                 [](const job_id& x) { return is_valid_id(x); });
    open_questions_.clear();
    marks_.clear();
    changed = names_;
    preparations_.clear(); // all are read anew
  }
  if (changed->empty()) {
    return;
  }
  read_batch ask;
  std::vector<store::record_reads> records;
  for (const auto& job : *changed) {
    if (is_valid_id(job)) {
      records.emplace_back(tree, job, ask);
    }
  }
  store_.read(activity::read_records, ask, false, out, this, &record_ruler::apply_records, std::move(records));
}

void record_ruler::apply_records(const std::vector<store::record_reads>& records, step s, manager_effects& out) {
  for (const auto& found : records) {
    note(found.id, *found.record, s, out);
    mark(found);
  }
}

/// One that makes no sense is what it was: nodes go on with that as well.
void record_ruler::mark(const store::record_reads& found) {
  if (found.record->code != rc::ok) {
    marks_.drop(found.id);
  } else if (const auto read = store::decode<store::job_payload>(found.record->data, {}); read) {
    marks_.put(found.id, mark_of_record(*read, found.config->code == rc::ok ? found.config->data : std::string{}));
  }
}

void record_ruler::note(const job_id& job, const store::read_result& record, step s, manager_effects& out) {
  const auto path = store_.tree().job(job);
  open_questions_.erase(job);
  ended_.erase(job);
  if (record.code != rc::ok) {
    names_.erase(job);
    idle_since_.erase(job);
    if (preparations_.not_wanted(job)) {
      moment_.changed(s.now);
    }
    store_.relieve(path, out);
    return;
  }
  names_.insert(job);
  const auto read = store::read_payload<store::job_payload>(record, path);
  store_.judge(read, path, out);
  const bool prepare = read.value && read.value->state == record_state::open && !store::is_prepared(*read.value);
  if (read.value && !prepare && preparations_.not_wanted(job)) {
    moment_.changed(s.now);
  }
  if (prepare || (read.value && (read.value->lineage.size() > 1 || read.value->state != record_state::open))) {
    open_questions_.insert(job);
    to_judge_.insert(job);
    if (read.value->state != record_state::open) {
      ended_.insert(job);
    }
  }
}

// -- what is to be decided --------------------------------------------------------------

/// Who is there, or has not been gone for longer than its D, each with its life: who of them offers what is read.
std::set<std::string> record_ruler::offering(time_point now) const {
  const auto& image = known_.image();
  std::set<std::string> who;
  for (const auto& [id, w] : image.workers) {
    if (w.registration && !w.has_left() &&
        (w.is_alive() || !watchdog_.stays_gone({id, w.registration->incarnation}, now))) {
      who.insert(id + " " + std::to_string(w.mzxid));
    }
  }
  return who;
}

void record_ruler::judge(manager_effects& out) {
  const auto& tree = store_.tree();
  read_batch ask;
  const base_slots base{ask.get(tree.jobs_version()), ask.exists(tree.worker_version()),
                        ask.exists(tree.pool_version())};
  std::vector<question> questions;
  while (!to_judge_.empty() && questions.size() < most_questions) {
    question q{store::record_reads{tree, *to_judge_.begin(), ask}, {}, {}, {}};
    to_judge_.erase(to_judge_.begin());
    if (ended_.count(q.found.id) > 0) {
      q.states = ask.children(tree.states(q.found.id));
      q.pool = ask.get(tree.pool(q.found.id));
    }
    for (const auto& [id, w] : known_.image().workers) {
      if (w.available.count(q.found.id) > 0 && judged_among_.count(id + " " + std::to_string(w.mzxid)) > 0) {
        q.offers.emplace_back(id, ask.get(tree.available(id, q.found.id)));
      }
    }
    questions.push_back(std::move(q));
  }
  store_.read(activity::judge_records, ask, false, out, this, &record_ruler::apply_judgement, base,
              std::move(questions));
}

void record_ruler::apply_judgement(const base_slots& base, const std::vector<question>& questions, step s,
                                   manager_effects& out) {
  const auto& tree = store_.tree();
  const bool whole =
    base.worker_version->code == rc::ok && base.version->code == rc::ok && base.pool_version->code == rc::ok;
  if (!whole || base.worker_version->stat.version != known_.worker_version()) {
    for (const auto& q : questions) {
      to_judge_.insert(q.found.id); // as soon as the image shows who has come or gone
    }
    if (whole) {
      dirty_.members();
    } else {
      dirty_.everything();
    }
    return;
  }
  constexpr std::size_t max_bytes = 256u << 10; // with the largest record on top still within one request
  constexpr std::size_t beside = 10;            // the checks, the bump, and the last record's own
  std::vector<store::write_op> ops;
  std::vector<job_id> decided;
  std::size_t bytes = 0;
  bool pools = false;
  for (const auto& q : questions) {
    if (bytes > max_bytes || ops.size() + beside > store_.most_ops()) {
      to_judge_.insert(q.found.id); // with the next transaction
    } else if (const auto before = ops.size(); decide(q, s, ops)) {
      decided.push_back(q.found.id);
      pools = std::any_of(ops.begin() + static_cast<std::ptrdiff_t>(before), ops.end(),
                          [&](const auto& op) { return store::path_of(op) == tree.pool(q.found.id); }) ||
              pools;
      for (auto n = before; n < ops.size(); ++n) {
        bytes += store::wire_size(ops[n]);
      }
    }
  }
  if (ops.empty()) {
    return;
  }
  const auto news = store::read_payload<store::jobs_version_payload>(*base.version, tree.jobs_version()).value;
  txn_builder<std::monostate> txn;
  txn.add(store::check_op{store_.mine().latch});
  txn.add(store::check_op{tree.worker_version(), known_.worker_version()});
  txn.add(store::set_op{tree.jobs_version(),
                        store::encode_change(news.value_or(store::jobs_version_payload{}), base.version->stat.version,
                                             decided, store_.bump_name()),
                        base.version->stat.version});
  if (pools) {
    txn.add(store::set_op{tree.pool_version(), store_.bump(), base.pool_version->stat.version});
  }
  for (auto& op : ops) {
    txn.add(std::move(op));
  }
  store_.commit(activity::write_records, std::move(txn), out, this, &record_ruler::written, decided);
}

/// Only nodes that offer the specification that rules can do it: others do not know that there is such a thing.
void record_ruler::look_at_preparation(const question& q, const store::job_payload& record, step s) {
  if (record.state != record_state::open || store::is_prepared(record)) {
    return;
  }
  std::set<node_id> able;
  for (const auto& [worker, offer] : q.offers) {
    const auto said = store::read_payload<store::offer_payload>(*offer, store_.tree().available(worker, q.found.id));
    if (offer->code == rc::ok && said.value && said.value->hash == record.ruling) {
      able.insert(worker);
    }
  }
  if (preparations_.wanted(q.found.id, std::move(able))) {
    moment_.changed(s.now);
  }
}

/// Whether there is something to write about it.
bool record_ruler::decide(const question& q, step s, std::vector<store::write_op>& ops) {
  const auto& tree = store_.tree();
  const auto& job = q.found.id;
  const auto path = tree.job(job);
  const auto& node = *q.found.record;
  const auto read = store::read_payload<store::job_payload>(node, path);
  if (!read.value) {
    return false;
  }
  auto record = *read.value;
  look_at_preparation(q, record, s);
  std::set<std::string> offered;
  for (const auto& [worker, offer] : q.offers) {
    const auto said = store::read_payload<store::offer_payload>(*offer, tree.available(worker, job)).value;
    if (offer->code == rc::ok) {
      offered.insert(said ? said->hash : std::string{});
    }
  }
  const auto idle = idle_since_.find(job);
  const bool forgotten = offered.empty() && !is_offered(job) && idle != idle_since_.end() &&
                         s.now - idle->second >= life_.cfg.tombstone_period;
  const bool unwanted = forgotten && record.state == record_state::open && !has_intent(record, *q.found.config) &&
                        known_.image().jobs.count(job) == 0;
  // Before the tombstone, for registrations wait until then: whoever makes the job anew finds nothing of the one
  // before.
  const bool over =
    unwanted || record.state == record_state::removed || (record.state == record_state::removing && offered.empty());
  if (over && q.states && (*q.states)->code == rc::ok) {
    remove_states(q, ops);
    return true;
  }
  if (unwanted || (forgotten && record.state == record_state::removed)) {
    if (q.found.config->code == rc::ok) {
      ops.emplace_back(store::remove_op{tree.job_config(job), q.found.config->stat.version});
    }
    ops.emplace_back(store::remove_op{path, node.stat.version});
    return true;
  }
  if (record.state == record_state::open) {
    const auto ruling = store::ruling_among(record, offered);
    if (ruling.empty() || ruling == record.ruling) {
      return false;
    }
    store::rule(record, ruling, s.wall_ms);
  } else if (record.state == record_state::removing && offered.empty()) {
    record.state = record_state::removed;
    record.since_ms = s.wall_ms;
    retire_pool(q, ops);
  } else {
    return false;
  }
  ++record.rev;
  record.changed_by = store_.bump_name();
  ops.emplace_back(store::set_op{path, store::encode(record, node.data), node.stat.version});
  return true;
}

/// What is left of the job in the work pool is cleaned away at once, not with what happens to be idle: it would look
/// like items that nobody takes. Whoever registers the job anew takes the mark back.
void record_ruler::retire_pool(const question& q, std::vector<store::write_op>& ops) const {
  const auto path = store_.tree().pool(q.found.id);
  if (!q.pool || (*q.pool)->code != rc::ok) {
    return;
  }
  if (auto p = store::read_payload<store::pool_payload>(**q.pool, path).value; p && !p->retired) {
    p->retired = true;
    ops.emplace_back(store::set_op{path, store::encode(*p, (*q.pool)->data), (*q.pool)->stat.version});
  }
}

/// As many as fit, and the others when the record is looked at again.
void record_ruler::remove_states(const question& q, std::vector<store::write_op>& ops) const {
  constexpr std::size_t beside = 10;
  const auto& tree = store_.tree();
  const auto& items = (*q.states)->children;
  ops.emplace_back(store::check_op{tree.job(q.found.id), q.found.record->stat.version});
  std::size_t removed = 0;
  for (; removed < items.size() && ops.size() + beside <= store_.most_ops(); ++removed) {
    ops.emplace_back(store::remove_op{tree.state({q.found.id, item_id{items[removed]}})});
  }
  if (removed == items.size()) {
    ops.emplace_back(store::remove_op{tree.states(q.found.id)});
  }
}

void record_ruler::written(const std::vector<job_id>& decided, const txn_outcome<std::monostate>& o, step s,
                           manager_effects& out) {
  if (o.committed()) {
    life_.counters.records_ruled += decided.size();
    store_.works(effort::ruling, out);
    news_ = true; // they are read as they are now
    return;
  }
  to_judge_.insert(decided.begin(), decided.end());
  dirty_.members();
  store_.failing(effort::ruling, o.conflict() != nullptr ? "others are in the way" : "its outcome is not known", s.now,
                 out);
  store_.retry(s);
}

// -- what nobody needs any more -----------------------------------------------------------

bool record_ruler::is_offered(const job_id& job) const {
  const auto& workers = known_.image().workers;
  return std::any_of(workers.begin(), workers.end(),
                     [&job](const auto& w) { return w.second.available.count(job) > 0; });
}

/// Walks all offers and all records, as often as the cluster is cleaned.
void record_ruler::tidy(step s) {
  tidy_at_ = s.now + life_.cfg.clean_period;
  std::set<job_id> offered;
  for (const auto& [id, w] : known_.image().workers) {
    offered.insert(w.available.begin(), w.available.end());
  }
  for (const auto& job : names_) {
    if (offered.count(job) > 0) {
      idle_since_.erase(job);
    } else if (!idle_since_.emplace(job, s.now).second && s.now - idle_since_[job] >= life_.cfg.tombstone_period) {
      open_questions_.insert(job);
      to_judge_.insert(job);
      ended_.insert(job);
    }
  }
}

} // namespace djm
