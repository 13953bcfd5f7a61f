#pragma once

#include <optional>
#include <string>

#include "actors/keeper/keeper_store.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

/// The wait while somebody else holds `alive/<node>`: for an earlier session of this life for as long as it takes, for
/// another life until it is clear that it is no predecessor that has crashed. Ends with the session.
class id_wait {
public:
  id_wait(const keeper_lifetime& life, keeper_store& store, membership& member)
    : life_(life), store_(store), member_(member) {}

  /// It is held, as `shown` there.
  void start(const store::read_result& alive, const std::optional<store::alive_payload>& shown, step s);
  /// Nobody holds it; or who does is not known any more, and the wait starts anew with the next look.
  void over() { until_.reset(); }
  /// A node of the tree has changed.
  void heard_of(const std::string& path);
  void on_wake(step s, keeper_effects& out);
  /// When a holder that is there still is no predecessor.
  std::optional<time_point> due() const { return until_; }

private:
  const keeper_lifetime& life_;
  keeper_store& store_;
  membership& member_;
  std::optional<time_point> until_; ///< nothing: no other life is waited for
  std::string holder_;
};

} // namespace djm
