#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/protocol/store.hpp"
#include "djm/job_spec.hpp"
#include "djm/status.hpp"

/// Between the keeper and those that rely on the registration of the node.
namespace djm::msg {

/// The job can run on this node from now on.
struct offer {
  job_spec spec;
};

/// It cannot any more.
struct withdraw {
  job_id job;
};

/// What the pool function has returned.
struct pool {
  job_id job;
  std::vector<item_id> items;
};

/// `alive/<node>` is missing.
struct not_alive {};

/// Leave the cluster gently.
struct leave {};

/// This node is registered and alive in session `number`.
struct joined {
  std::uint64_t number = 0;
  std::string alive_data;
};

/// It is not any more.
struct unjoined {};

template <class V>
auto fields(V&& v, offer& x) {
  return v("offer", field("spec", x.spec));
}
template <class V>
auto fields(V&& v, withdraw& x) {
  return v("withdraw", field("job", x.job));
}
template <class V>
auto fields(V&& v, pool& x) {
  return v("pool", field("job", x.job), field("items", x.items));
}
template <class V>
auto fields(V&& v, not_alive&) {
  return v("not_alive");
}
template <class V>
auto fields(V&& v, leave&) {
  return v("leave");
}
template <class V>
auto fields(V&& v, joined& x) {
  return v("joined", field("number", x.number), field("alive_data", x.alive_data));
}
template <class V>
auto fields(V&& v, unjoined&) {
  return v("unjoined");
}

} // namespace djm::msg

namespace djm {

/// Keeps the node registered.
using keeper_actor = store_client_actor::extend_with<cx::typed<
  // from job_runner
  caf::result<void>(msg::pool),
  // from node
  caf::result<void>(msg::offer),
  // from node
  caf::result<void>(msg::withdraw),
  // from store, worker
  caf::result<void>(msg::not_alive),
  // from node: answered by `left`
  caf::result<void>(msg::leave),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<keeper_status>(msg::get_part_status)>>;

} // namespace djm
