#include "actors/deployer/deployer_core.hpp"

#include <algorithm>
#include <utility>

#include "zkstore/tree/job_records.hpp"

namespace djm {

using store::rc;

namespace {

/// Submissions in one question.
constexpr std::size_t most_read = 100;

constexpr auto looking = "looking for submissions";
constexpr auto reading = "reading submissions";

} // namespace

deployer_core::deployer_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    store_(open_problems{"deployer"}, backoff{cfg_.backoff_min, cfg_.backoff_max}),
    any_closed_(std::any_of(cfg_.kinds.begin(), cfg_.kinds.end(), [](const auto& k) { return k.closed_tree_only; })) {
  for (const auto& [id, number] : cfg_.deployed) {
    entries_[id].deployed = number;
  }
}

std::string deployer_core::about(const job_id& id) const {
  return "submission of job \"" + id + "\"";
}

bool deployer_core::any_dirty() const {
  return all_ || std::any_of(entries_.begin(), entries_.end(), [](const auto& x) { return x.second.dirty; });
}

/// A look that is due waits for what is under way, and for a retry: it is no moment to be woken at until then.
std::optional<time_point> deployer_core::wake_at() const {
  std::optional<time_point> at;
  if (session_.phase == store::session_phase::connected && store_.idle()) {
    at = store_.retry_at() ? store_.retry_at() : look_at_;
  }
  if (attempt_ && attempt_->now == stage::making) {
    at = earliest(at, attempt_->until);
  }
  return at;
}

// -- the session ----------------------------------------------------------------------

deployer_core::effects deployer_core::on_session(const store::session_view& view, step s) {
  effects out;
  const bool other = view.number != session_.number || view.phase == store::session_phase::expired ||
                     view.phase == store::session_phase::closed;
  const bool back = view.phase == store::session_phase::connected && session_.phase != view.phase;
  session_ = view;
  if (other) {
    // What was read says nothing in another session: somebody may have removed anything while this node was away.
    store_.drop();
    all_ = true;
    seen_.reset();
  }
  if (back) {
    store_.retry_now();
    look_at_ = s.now;
  }
  next(s, out);
  return out;
}

deployer_core::effects deployer_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  if (e.path == tree_.jobs_version()) {
    look_at_ = s.now;
  } else if (!e.path.empty()) {
    const auto x = entries_.find(job_id{std::string{store::name_of(e.path)}});
    if (x != entries_.end() && tree_.submission(x->first) == e.path && x->second.waits) {
      x->second.dirty = true;
    }
  }
  next(s, out);
  return out;
}

deployer_core::effects deployer_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (q->ok()) {
    q->then(*this, s, out);
  } else {
    look_at_ = look_at_.value_or(s.now); // a look that was lost has left no watch
    store_.retry(q->topic, q->text, s, out);
  }
  next(s, out);
  return out;
}

deployer_core::effects deployer_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (const auto c = store_.answered(request)) {
    c->then(*this, outcome, s, out);
    next(s, out);
  }
  return out;
}

deployer_core::effects deployer_core::on_wake(step s) {
  effects out;
  store_.on_wake(s);
  if (attempt_ && attempt_->now == stage::making && s.now >= attempt_->until) {
    decline("the factory of its kind has not come back within " + format_duration(cfg_.patience), out);
  }
  next(s, out);
  return out;
}

void deployer_core::next(step s, effects& out) {
  if (session_.phase != store::session_phase::connected || !store_.idle() || store_.retry_at()) {
    return;
  }
  if (look_at_ && s.now >= *look_at_) {
    look(out);
  } else if (any_dirty()) {
    read(out);
  } else if (attempt_ && attempt_->now == stage::releasing) {
    (void) release(s, out);
  } else if (!attempt_) {
    (void) take_next(s, out);
  }
}

// -- what there is ----------------------------------------------------------------------

/// One watch tells of all submissions, however many there are; a lost one delays and does not block.
void deployer_core::look(effects& out) {
  look_at_.reset();
  read_batch ask;
  const auto version = ask.get(tree_.jobs_version(), true);
  store_.read(looking, ask, false, out, &deployer_core::looked, version);
}

void deployer_core::looked(const read_slot& version, step s, effects&) {
  look_later(s);
  for (auto& [id, e] : entries_) {
    e.dirty = e.dirty || e.waits; // who calls its factory may have ended
  }
  if (version->code != rc::ok) {
    return; // who looks after the base makes it anew
  }
  const auto now = store::read_payload<store::jobs_version_payload>(*version, tree_.jobs_version()).value;
  const auto changed = now && seen_ ? store::changed_since(*now, version->stat.version, *seen_) : std::nullopt;
  if (!changed) {
    all_ = true;
  } else {
    for (const auto& id : *changed) {
      entries_[id].dirty = true;
    }
  }
  seen_ = version->stat.version;
}

/// Behind a barrier, and the version of records first: it is the guard of what is written about them.
void deployer_core::read(effects& out) {
  read_batch ask;
  answers a{ask.get(tree_.jobs_version()), ask.get(tree_.alive(cfg_.node)), {}, {}, {}};
  if (any_closed_) {
    a.access = {ask.add(store::access(tree_.root())), ask.add(store::access(tree_.submissions())),
                ask.add(store::access(tree_.alive(cfg_.node)))};
  }
  if (all_) {
    a.all = ask.children(tree_.submissions());
  }
  for (auto& [id, e] : entries_) {
    if (!e.dirty || a.found.size() >= most_read) {
      continue;
    }
    const auto path = tree_.submission(id);
    found_one f{id, ask.get(path, e.ask_holder), {}, {}};
    if (any_closed_) {
      f.access = ask.add(store::access(path));
    }
    if (e.ask_holder && e.what && !e.what->trying.empty()) {
      f.holder = {e.what->trying, ask.get(tree_.alive(e.what->trying))};
    }
    a.found.push_back(std::move(f));
  }
  store_.read(reading, ask, true, out, &deployer_core::answered, a);
}

void deployer_core::answered(const answers& a, step s, effects& out) {
  const auto life = store::read_alive(*a.self, tree_.alive(cfg_.node)).life.value;
  if (a.version->code != rc::ok || !life || life->incarnation != cfg_.incarnation) {
    store_.retry_at(s.now + std::max<duration>(session_.timeout / 6, cfg_.backoff_min)); // not joined (yet)
    return;
  }
  store_.works(reading, out);
  store_.works(looking, out);
  records_ = a.version->stat.version;
  if (a.all && !listed(*a.all, s, out)) {
    return;
  }
  for (const auto& f : a.found) {
    learn(a, f, out);
  }
  part_with(out);
}

/// False: that cannot be found out now.
bool deployer_core::listed(const read_slot& all, step s, effects& out) {
  if (all->code != rc::ok && all->code != rc::no_node) {
    store_.retry(reading, tree_.submissions() + ": the store answers " + to_string(all->code), s, out);
    return false;
  }
  all_ = false;
  for (auto& [id, e] : entries_) {
    e.dirty = true;
  }
  for (const auto& name : all->children) {
    if (is_valid_id(name)) {
      entries_[job_id{name}].dirty = true;
    }
  }
  return true;
}

void deployer_core::learn(const answers& a, const found_one& f, effects& out) {
  auto& e = entries_[f.id];
  const auto& r = *f.submission;
  const auto path = tree_.submission(f.id);
  e.dirty = false;
  e.waits = false;
  e.holder.reset();
  if (r.code != rc::ok && r.code != rc::no_node) {
    // It is there, or not: what is known of it stands until the next look.
    store_.complain(about(f.id), {errc::no_permission, path + ": the store answers " + to_string(r.code)}, out);
    e.waits = true;
    e.ask_holder = false;
    return;
  }
  e.number = r.code == rc::ok ? r.stat.czxid : 0;
  e.version = r.stat.version;
  const auto payload = store::read_payload<store::submission_payload>(r, path);
  store_.judge(payload, path, out);
  e.what = payload.value;
  e.data = r.data;
  if (e.number == 0) {
    store_.relieve(about(f.id), out);
    e.ask_holder = false;
    return;
  }
  if (a.access && f.access) {
    e.loose = store::why_loose(tree_, f.id, {*a.access->root, *a.access->folder, **f.access, *a.access->own});
  }
  if (f.holder && e.what && e.what->trying == f.holder->first) {
    const auto life = store::read_alive(*f.holder->second, tree_.alive(f.holder->first)).life.value;
    e.holder = life ? life->incarnation : std::string{};
  }
  e.ask_holder = false;
}

/// Jobs whose submission is gone, or is another one, are given back; what is over is forgotten.
void deployer_core::part_with(effects& out) {
  for (auto x = entries_.begin(); x != entries_.end();) {
    auto& [id, e] = *x;
    const bool under_way = attempt_ && attempt_->id == id;
    if (e.deployed != 0 && !e.dirty && e.number != e.deployed && !e.leaving && !under_way) {
      e.leaving = true;
      out.push_back(withdraw{id});
    }
    const bool over = !e.dirty && e.number == 0 && e.deployed == 0 && !under_way;
    x = over ? entries_.erase(x) : std::next(x);
  }
}

} // namespace djm
