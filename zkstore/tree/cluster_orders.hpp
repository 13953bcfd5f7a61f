#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"
#include "zkstore/tree_schema.hpp"

/// What people order of the whole cluster, as changes of the tree: decided from what was read, in one way for nodes and
/// for clients outside of it. The guards of the transaction are up to whoever sends it. Pure.
namespace djm::store {

/// What an order changes; empty: all stands already as it is ordered.
using order_ops = expected<std::vector<write_op>>;

/// Marks of a worker; what is not given stays as it is.
struct wished_marks {
  std::optional<bool> draining, cordoned;
};

/// `mark` and `registration`: what was read of `marks/<w>` and `workers/<w>`. A version without `marks/<w>` may have
/// marked the registration: what is said there counts until it is overruled. `malformed_payload`.
order_ops mark_ops(const tree_schema& tree, const node_id& worker, const wished_marks& wish, const read_result& mark,
                   const read_result& registration);

/// `pool`: what was read of `work-pool/<job>`. `unknown_job`, `malformed_payload`.
order_ops switch_job_ops(const tree_schema& tree, const job_id& job, bool enabled, const read_result& pool);

/// `pools`: what was read of `work-pool`. Data that makes no sense is replaced.
order_ops switch_all_ops(const tree_schema& tree, bool disabled, const read_result& pools);

/// What an order about a job's record comes to.
struct record_change {
  /// Of the record as it will be, or as it is where nothing is to be written.
  std::int64_t rev = 0;
  std::vector<write_op> ops;
  /// The submission (its czxid) that a removal takes with it; 0: there was none.
  zxid_t submission = 0;
};

/// What an earlier attempt of the same order, whose outcome is not known, leaves.
struct earlier_attempt {
  std::int64_t rev = 0;
  zxid_t submission = 0;
};

/// `record` and `config`: what was read of `jobs/<job>` and `jobs/<job>/config`; the rest as for `carry_out`. `tried`:
/// an earlier attempt. A removal is not repeated where the record is at another rev since, for the job may have been
/// registered anew: `unknown_outcome`; and it takes no submission but the one that the earlier attempt was to take, for
/// any other one has come since that was gone. Other orders come to the same when they are repeated. `unknown_job`: it
/// has no record. `submission`, for a removal: what was read of `submissions/<job>`: it goes with the job, also where
/// that has no record yet. Together with what it gives, `tell_of_record` has to be written.
expected<record_change> record_ops(const tree_schema& tree, const job_id& job, const job_order& what,
                                   std::optional<std::int64_t> expected_rev, const std::string& by,
                                   std::int64_t wall_ms, const read_result& record, const read_result& config,
                                   const std::optional<earlier_attempt>& tried,
                                   const read_result* submission = nullptr);

/// Has everybody who follows records hear that this one has changed. `version`: what was read of `jobs-version`.
write_op tell_of_record(const tree_schema& tree, const job_id& job, const std::string& by, const read_result& version);

} // namespace djm::store
