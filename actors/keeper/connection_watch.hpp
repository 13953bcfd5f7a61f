#pragma once

#include <optional>

#include "actors/keeper/keeper_store.hpp"

namespace djm {

/// Tells when this node has been without a connection, or not registered, for too long, ends it when it is to end then,
/// and tells when the session that it
/// was granted does not fit its settings.
class connection_watch {
public:
  connection_watch(const keeper_lifetime& life, keeper_store& store) : cfg_(life.cfg.config), store_(store) {}

  /// There is no connection. The wait counts from when that was said first.
  void missed(step s);
  /// The session is granted, with a timeout that the server has decided.
  void granted(duration timeout, keeper_effects& out);
  /// The node is registered.
  void over(keeper_effects& out);
  void on_wake(step s, keeper_effects& out);
  std::optional<time_point> due() const;

private:
  const node_config& cfg_;
  keeper_store& store_;
  std::optional<time_point> complain_at_;
  std::optional<time_point> give_up_at_;
};

} // namespace djm
