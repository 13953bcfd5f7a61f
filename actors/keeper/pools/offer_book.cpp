#include "actors/keeper/pools/offer_book.hpp"

#include <utility>

namespace djm {

// -- one pool -----------------------------------------------------------------------

bool pool_accord::found() {
  const bool untouched = !rewritten_;
  if (untouched) {
    undisputed();
  }
  rewritten_ = false;
  written_ = true;
  return untouched;
}

bool pool_accord::disputed() {
  return written_ && ++disputes_ == 3;
}

void pool_accord::undisputed() {
  rewritten_ = false;
  disputes_ = 0;
}

void job_offer::set_spec(const job_spec& spec, bool again, store::zxid_t submitted) {
  submitted_ = submitted;
  own_ = spec;
  spec_ = spec;
  followed_.reset();
  shown_ = false;
  prepared_ = 0;
  record.registered(spec, again);
  accord.offered();
  dirty_ = true;
}

void job_offer::follow(const followed_job& f) {
  note(f);
  accord.offered();
  dirty_ = true;
}

void job_offer::set_pool(std::vector<item_id> items) {
  if (pool_ != items) {
    accord.wished();
  }
  pool_ = std::move(items);
  dirty_ = true;
}

// -- all of them --------------------------------------------------------------------

void offer_book::offer(const job_spec& spec, bool again, store::zxid_t submitted) {
  const bool is_new = !has(spec.id);
  auto& o = offers_[spec.id];
  touch(spec.id);
  if (is_new || !(o.spec().attributes == spec.attributes)) {
    o.wish.renew(new_wish());
  }
  o.set_spec(spec, again, submitted);
  registration_dirty_ = true;
}

bool offer_book::follow(const followed_job& f) {
  auto* o = find(f.job);
  const auto& known = o->followed();
  if (known && f.triggers == 0 && equal_fields(*known, f)) {
    return false;
  }
  const bool other_wish = known && (!(known->spec.attributes == f.spec.attributes) ||
                                    !(known->spec.schedule == f.spec.schedule) || known->rules != f.rules);
  if (other_wish) {
    o->wish.renew(new_wish());
  }
  if (!known || other_wish) {
    registration_dirty_ = registration_dirty_ || !known;
    o->follow(f);
  } else {
    o->note(f);
  }
  return true;
}

void offer_book::records_outdated() {
  touch_all();
  for (auto& [id, o] : offers_) {
    o.record.outdated();
  }
}

void offer_book::records_in_doubt() {
  for (auto& [id, o] : offers_) {
    if (o.record.in_doubt()) {
      touch(id);
      o.record.outdated();
    }
  }
}

bool offer_book::withdraw(const job_id& job) {
  if (offers_.erase(job) == 0) {
    return false;
  }
  registration_dirty_ = true;
  return true;
}

void offer_book::put_pool(const job_id& job, std::vector<item_id> items) {
  if (auto* o = find(job)) {
    if (o->pool() != items) {
      o->wish.renew(new_wish());
    }
    o->set_pool(std::move(items));
  }
}

job_offer* offer_book::find(const job_id& job) {
  const auto found = offers_.find(job);
  if (found == offers_.end()) {
    return nullptr;
  }
  touch(job);
  return &found->second;
}

const job_offer* offer_book::find(const job_id& job) const {
  const auto found = offers_.find(job);
  return found != offers_.end() ? &found->second : nullptr;
}

void offer_book::touch(const job_id& job) {
  touched_records_.insert(job);
  touched_pools_.insert(job);
}

void offer_book::touch_all() {
  for (const auto& [id, o] : offers_) {
    touch(id);
  }
}

template <class F>
std::vector<job_id> offer_book::to_check(std::set<job_id>& touched, std::size_t most, F dirty) {
  std::vector<job_id> jobs;
  for (auto i = touched.begin(); i != touched.end() && jobs.size() < most;) {
    const auto o = offers_.find(*i);
    if (o != offers_.end() && dirty(o->second)) {
      jobs.push_back(*i++);
    } else {
      i = touched.erase(i);
    }
  }
  return jobs;
}

std::vector<job_id> offer_book::records_to_check(std::size_t most) {
  return to_check(touched_records_, most, [](const job_offer& o) { return o.record.dirty(); });
}

std::vector<job_id> offer_book::pools_to_check(std::size_t most) {
  return to_check(touched_pools_, most, [](const job_offer& o) { return o.dirty() && o.pool() && o.offered(); });
}

void offer_book::all_shown(const std::vector<std::pair<job_id, std::string>>& offers) {
  for (const auto& [job, hash] : offers) {
    if (auto* o = find(job); o != nullptr && o->record.hash() == hash) {
      o->is_shown();
    }
  }
}

void offer_book::session_begins() {
  pools_outdated();
  records_outdated();
  for (auto& [id, o] : offers_) {
    o.session_begins();
  }
}

void offer_book::connection_was_away() {
  for (auto& [id, o] : offers_) {
    o.preparation_in_doubt();
  }
}

void offer_book::pools_outdated() {
  touch_all();
  for (auto& [id, o] : offers_) {
    o.outdated();
  }
}

void offer_book::heard_of(const std::string& path) {
  const auto folder = life_.tree.alive() + "/";
  if (path.compare(0, folder.size(), folder) != 0) {
    return;
  }
  const auto writer = path.substr(folder.size());
  // All offers: it comes once in the life of a node whose wish stands where we want something else.
  for (auto& [id, o] : offers_) {
    if (o.wish.stays_back() && o.wish.writer() == writer) {
      touch(id);
      o.outdated();
    }
  }
}

/// The number of a wish that is formed now. While nobody can be told, others may form later ones: then it counts as
/// formed when this node read the pools last.
std::optional<store::zxid_t> offer_book::new_wish() const {
  if (life_.cfg.has_joined && !member_.has_joined()) {
    return store::zxid_t{0};
  }
  return store_.connected() || !member_.has_joined() ? std::nullopt : std::optional{seen_wish_};
}

void offer_book::wishes_age() {
  if (member_.has_joined()) {
    for (auto& [id, o] : offers_) {
      o.wish.age(seen_wish_);
    }
  }
}

} // namespace djm
