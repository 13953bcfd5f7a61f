#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/keeper/keeper_store.hpp"
#include "actors/keeper/pools/pool_wish.hpp"
#include "actors/keeper/records/followed_record.hpp"
#include "djm/job_spec.hpp"

namespace djm {

/// Whether the pool in the tree is as this node wants it, and whether another one keeps changing it. Pure.
class pool_accord {
public:
  /// The job is offered anew, or its pool is another one: a new wish of ours is no dispute.
  void offered() {
    agreed_.reset();
    written_ = false;
  }
  void wished() { written_ = false; }

  /// What the job's node said when it last said what we want: need not be read again while it stays the same.
  bool agrees(const std::string& data) const { return agreed_ == data; }
  void agree(std::string data) { agreed_ = std::move(data); }
  /// It was found as we want it. True: without our having written it since the last time.
  bool found();
  /// Somebody has touched it again, for the third time.
  bool disputed();
  /// Nobody has touched it since it was looked at before.
  void undisputed();
  void write() { rewritten_ = true; }
  bool written() const { return written_; }

private:
  std::optional<std::string> agreed_;
  std::uint32_t disputes_ = 0;
  bool written_ = false;
  bool rewritten_ = false; ///< since it was last found to be as we want it
};

/// A job that this node can run, and what it wants of its pool.
class job_offer {
public:
  /// As it is to be in the cluster: what is followed of the record, once that is known.
  const job_spec& spec() const { return spec_; }
  /// As it is registered here.
  const job_spec& own() const { return own_; }
  /// As this node sees it: valid, sorted names. Nothing: the pool function has not answered yet.
  const std::optional<std::vector<item_id>>& pool() const { return pool_; }
  void set_spec(const job_spec& spec, bool again, store::zxid_t submitted);
  /// czxid of the submission that it was made of; 0: none. It is offered while that one is there.
  store::zxid_t submitted() const { return submitted_; }
  /// What the record says, for this node.
  void follow(const followed_job& f);
  /// The same where the pool and the wish for it are not concerned.
  void note(const followed_job& f) {
    spec_ = f.spec;
    followed_ = f;
    followed_->triggers = 0; // these are told once
  }
  const std::optional<followed_job>& followed() const { return followed_; }
  /// The cluster may give this node items of it: its record is there.
  bool offered() const { return record.open(); }
  /// What the registration says of it was read in this session, and is right.
  bool shown() const { return shown_; }
  void is_shown() { shown_ = true; }
  /// What this node has shown or heard counts in the session in which it was: the store may have been put back to an
  /// older copy in between.
  void session_begins() {
    shown_ = false;
    preparation_in_doubt();
  }
  void preparation_in_doubt() { prepared_ = 0; }
  void set_pool(std::vector<item_id> items);
  /// The latest preparation that is known here to be done.
  std::int64_t prepared() const { return prepared_; }
  void note_prepared(std::int64_t generation) {
    if (generation > prepared_) {
      prepared_ = generation;
      record.outdated();
    }
  }
  /// The pool was read, whose items have come or gone in transaction `at` last. True: that is news, as is the first
  /// sight.
  bool saw_items(store::zxid_t at) { return std::exchange(items_at_, at) != at; }

  /// Whether the pool in the tree is as we want it has to be looked at.
  bool dirty() const { return dirty_; }
  void outdated() { dirty_ = true; }
  void looked_at() { dirty_ = false; }

  pool_wish wish;
  pool_accord accord;
  followed_record record;

private:
  job_spec own_, spec_;
  std::optional<followed_job> followed_; ///< as it was told
  std::optional<std::vector<item_id>> pool_;
  std::int64_t prepared_ = 0;
  store::zxid_t items_at_ = 0;
  store::zxid_t submitted_ = 0;
  bool dirty_ = true;
  bool shown_ = false;
};

/// The pool was read: whoever runs the job hears when items have come or gone.
inline void tell_of_items(job_offer& o, const store::read_result& pool, keeper_effects& out) {
  if (pool.code == store::rc::ok && o.saw_items(pool.stat.pzxid)) {
    out.push_back(keeper_pool_changed{o.own().id, pool.stat.pzxid});
  }
}

/// The jobs that this node offers.
class offer_book {
public:
  offer_book(keeper_lifetime& life, const keeper_store& store, const membership& member)
    : life_(life), store_(store), member_(member) {}

  /// This node can run the job from now on. `again`: it could before, and only the keeper was made anew.
  /// `submitted`: czxid of the submission that it was made of; 0: the program's own.
  void offer(const job_spec& spec, bool again, store::zxid_t submitted);
  /// What the record of the job says, for this node. False: that was known.
  bool follow(const followed_job& f);
  /// All records have to be looked at; those that could not be used as they were.
  void records_outdated();
  void records_in_doubt();
  /// False: it was not offered.
  bool withdraw(const job_id& job);
  void put_pool(const job_id& job, std::vector<item_id> items);

  bool empty() const { return offers_.empty(); }
  bool has(const job_id& job) const { return offers_.count(job) > 0; }
  /// Null: it is not offered any more.
  job_offer* find(const job_id& job);
  const job_offer* find(const job_id& job) const;
  /// Whoever may change them.
  auto begin() {
    touch_all();
    return offers_.begin();
  }
  auto end() { return offers_.end(); }
  auto begin() const { return offers_.begin(); }
  auto end() const { return offers_.end(); }

  /// Of which the record, or the pool, has to be looked at; at most so many. Looks at those alone that somebody may
  /// have changed since they were looked at here before: most events change none, and there may be thousands.
  std::vector<job_id> records_to_check(std::size_t most);
  std::vector<job_id> pools_to_check(std::size_t most);

  /// The registration says these: jobs, with what this node offers of them.
  void all_shown(const std::vector<std::pair<job_id, std::string>>& offers);
  /// Another session has begun.
  void session_begins();
  /// The connection was away, and the session has outlived that: even so the store may have been put back, to a copy
  /// that knows the session. What was prepared is found again by a look at what that has saved.
  void connection_was_away();
  /// All pools have to be looked at.
  void pools_outdated();
  /// A node of the tree has changed: pools in which the wish of the node that it is the life of stands have to be
  /// looked at.
  void heard_of(const std::string& path);

  /// The registration may not say what is offered.
  bool registration_dirty() const { return registration_dirty_; }
  void registration_outdated() { registration_dirty_ = true; }
  void registration_taken() { registration_dirty_ = false; }

  // -- numbers of wishes --

  /// The pools are read, which `number` was the last to change.
  void pools_read(store::zxid_t number) { seen_wish_ = number; }
  store::zxid_t seen_wish() const { return seen_wish_; }
  /// The session is over: what has not been written by now has not been formed later than what others write next.
  void wishes_age();

private:
  std::optional<store::zxid_t> new_wish() const;
  void touch(const job_id& job);
  void touch_all();
  template <class F>
  std::vector<job_id> to_check(std::set<job_id>& touched, std::size_t most, F dirty);

  const keeper_lifetime& life_;
  const keeper_store& store_;
  const membership& member_;
  std::map<job_id, job_offer> offers_;
  std::set<job_id> touched_records_, touched_pools_; ///< all that are dirty, and some that are not
  bool registration_dirty_ = false;
  store::zxid_t seen_wish_ = 0; ///< no wish up to this number is later than what this node knew when it last read
};

} // namespace djm
