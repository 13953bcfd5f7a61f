#pragma once

#include <optional>
#include <string>

#include "actors/keeper/keeper_store.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

/// What this life knows of its claim to the id: whether `workers/<node>` has named it, so that another life that is
/// named there has taken the id over, and which transaction did it, so that an older one betrays a store that has gone
/// back. Outlives every session.
class id_claim {
public:
  id_claim(const keeper_lifetime& life, keeper_store& store, const membership& member)
    : life_(life), store_(store), member_(member), named_(life.cfg.has_joined) {}

  /// The node is known to have been registered by us.
  bool has_registered() const { return registered_in_ != 0; }
  /// `workers/<node>` has named this incarnation: another one named there since has taken the id over for good.
  bool has_been_named() const { return named_; }

  /// Whether the store has gone back, as `workers/<node>` says, or has said before. If so it is told, and tried again.
  bool went_back(const store::read_result& worker, step s, keeper_effects& out);
  /// Whether another life has taken the id over. `have`: what `workers/<node>` says; `alive_is_ours`: `alive/<node>`
  /// is that of this life, in this session.
  bool superseded(const store::read_result& worker, const std::optional<store::worker_payload>& have,
                  bool alive_is_ours);
  /// A transaction has named us.
  void written(store::zxid_t in);
  /// One may have: its outcome is not known.
  void perhaps_written() { perhaps_named_ = named_before_; }

private:
  const keeper_lifetime& life_;
  keeper_store& store_;
  const membership& member_;
  bool named_;
  /// The latest transaction that is known to have named us there.
  store::zxid_t registered_in_ = 0;
  std::optional<keeper_read_older> older_; ///< what told us that the store has gone back
  std::string named_before_;               ///< which incarnation was named there at the latest look
  /// The same for a write since, whose outcome is not known.
  std::optional<std::string> perhaps_named_;
};

} // namespace djm
