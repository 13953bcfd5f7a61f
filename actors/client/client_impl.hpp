#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "actors/client/order_core.hpp"
#include "actors/client/store_line.hpp"
#include "actors/client/tree_doctor.hpp"
#include "actors/manager/cluster_image.hpp"
#include "djm/client.hpp"
#include "zkstore/tree/snapshot_reader.hpp"

namespace djm {

/// What the calls of a client share. Whoever calls holds `turn`.
struct client::impl {
  explicit impl(client_options o, std::shared_ptr<store::session_factory> sessions);

  client_options options;
  store::tree_schema tree;
  /// Written into version nodes: unlike what any node or other client writes.
  std::string who;
  std::uint64_t orders = 0;
  std::shared_ptr<const strategy_registry> strategies;
  std::timed_mutex turn;
  store_line line;
  /// What `next_events` compares with.
  std::optional<cluster_view> seen;

  expected<store::tree_snapshot> snapshot(store::snapshot_reader::scope scope, time_point until);
  expected<cluster_view> view(time_point until);
  expected<cluster_image> image(time_point until);
  expected<std::vector<tree_record>> walk(time_point until);
  /// Leaves the watches that tell of every change but that of a lock.
  expected<void> watch(time_point until);
  /// Until a watch fires, the session is another one, or a look is due anyway.
  void wait_stirred(time_point until);
  expected<order_result> order(order_core::order what, order_mode mode, time_point until);
  expected<order_result> order_in_turn(order_core::order what, order_mode mode, const optional_duration& timeout);
  expected<order_result> mark(const node_id& worker, std::optional<bool> draining, std::optional<bool> cordoned,
                              order_mode mode, const optional_duration& timeout);
  expected<order_result> switch_one(const job_id& job, bool enabled, order_mode mode, const optional_duration& timeout);
  expected<order_result> change(const job_id& job, store::job_order what, std::optional<std::int64_t> rev,
                                order_mode mode, const optional_duration& timeout);
  expected<record_view> record(const job_id& job, time_point until);
  expected<item_state> saved(const item_ref& item, time_point until);
  expected<std::vector<refusal_view>> refusals(time_point until);
  expected<std::vector<submission_view>> submissions(time_point until);
  /// Of one job; nothing: it was not submitted.
  expected<std::optional<submission_view>> submission_of(const job_id& job, const cluster_view& view, time_point until);
  expected<job_view> wait_job(const job_id& job, time_point until);
  expected<std::vector<lock_view>> locks(time_point until);
  /// Whether the record of the job says that it is being removed; true as well when that cannot be found out.
  bool is_leaving(const job_id& job, time_point until);
  expected<cluster_view> wait_for(const std::function<bool(const cluster_view&)>& condition, time_point until,
                                  bool* looked = nullptr);
  expected<std::vector<tree_event>> next_events(time_point until);
  expected<std::vector<tree_finding>> examine(time_point until);
  expected<order_result> repair(const std::string& id, order_mode mode, time_point until);
  expected<item_explanation> explain(const job_id& job, const item_id& item, time_point until);
  /// Why the tree at the root is none.
  error no_tree(const std::string& missing, time_point until);
};

/// A call of a client: it has its turn, and until when it may take.
class client_call {
public:
  client_call(client::impl& x, const optional_duration& timeout);

  explicit operator bool() const { return lock_.owns_lock(); }
  time_point until() const { return until_; }
  error busy() const { return {errc::timed_out, "another call of this client took all the time"}; }

private:
  time_point until_;
  std::unique_lock<std::timed_mutex> lock_;
};

} // namespace djm
