#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "actors/keeper/pools/offer_book.hpp"

namespace djm {

/// The look: a cheap read, without a barrier, of whether others have changed the pools of our jobs, and only then of
/// which ones. What it finds is not the truth yet; it says what has to be checked.
class pool_look {
public:
  pool_look(const keeper_lifetime& life, keeper_store& store, offer_book& offers)
    : life_(life), store_(store), offers_(offers) {}

  bool is_due() const { return due_ || walk_; }
  /// The next moment at which one is.
  std::optional<time_point> next() const { return at_; }
  /// The next look is a whole period away.
  void put_off(step s) { at_ = s.now + store_.look_period(); }
  void on_wake(step s);
  /// Begins a look, or goes on with it.
  void start(keeper_effects& out);
  /// The one that is under way is given up; the next one comes in its time.
  void give_up() { walk_.reset(); }

private:
  /// Through the pools, after their version was found to be another one.
  struct walk {
    store::zxid_t version;
    std::vector<job_id> jobs;
    std::size_t next = 0;
  };

  void apply_version(const read_slot& slot, step s, keeper_effects& out);
  void apply_pools(const read_slots<job_id>& pools, step s, keeper_effects& out);
  void looked_at_some();

  const keeper_lifetime& life_;
  keeper_store& store_;
  offer_book& offers_;
  std::optional<time_point> at_;
  bool due_ = false;
  store::zxid_t looked_ = 0; ///< the pools' version that was looked at last
  std::optional<walk> walk_;
};

} // namespace djm
