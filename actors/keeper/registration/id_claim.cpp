#include "actors/keeper/registration/id_claim.hpp"

#include <utility>

namespace djm {

using store::rc;

/// The number of the transaction that last wrote a node never falls within one history of the store. (Who finds nothing
/// at all joins as if for the first time: a leader may have cleaned up after a node that was away for long.)
bool id_claim::went_back(const store::read_result& worker, step s, keeper_effects& out) {
  if (member_.joined()) {
    return false;
  }
  if (!older_ && worker.code == rc::ok && worker.stat.mzxid < registered_in_) {
    const auto path = life_.tree.worker(life_.id());
    older_ = keeper_read_older{worker.stat.mzxid, registered_in_};
    store_.complain(path, {errc::store_went_back, path + " is older than what this node has written"}, out);
  }
  if (older_) { // whatever becomes of the node now, this life knows of a history that is gone
    out.push_back(*older_);
    store_.retry(s);
  }
  return older_.has_value();
}

/// Another process has taken our id over since `workers/<node>` named us. The leader counts on it that such a life does
/// not join again: that is why it need not begin to count anew with every life that follows.
bool id_claim::superseded(const store::read_result& worker, const std::optional<store::worker_payload>& have,
                          bool alive_is_ours) {
  named_before_ = have ? have->incarnation : std::string{};
  if (named_before_.empty()) {
    return false;
  }
  const auto perhaps = std::exchange(perhaps_named_, std::nullopt);
  if (named_before_ == life_.cfg.incarnation) {
    written(worker.stat.mzxid);
    return false;
  }
  // What we do not know the outcome of may have been overwritten already; not by the life that was named before it,
  // which would not have come back.
  named_ = named_ || (perhaps && *perhaps != named_before_);
  // While `alive/<node>` is ours nobody else can have joined: somebody has meddled with the data.
  return named_ && !(member_.joined() && alive_is_ours);
}

void id_claim::written(store::zxid_t in) {
  named_ = true;
  registered_in_ = in;
}

} // namespace djm
