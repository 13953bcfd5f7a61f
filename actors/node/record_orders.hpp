#pragma once

#include <cstdint>
#include <optional>

#include "actors/node/node_state.hpp"

/// Orders about jobs that stand in their records, and what the node makes of a record that has changed.
namespace djm {

/// Answered with the `rev` of the record that says so.
caf::result<std::int64_t> order(node_ptr self, const job_id& job, store::job_order what,
                                std::optional<std::int64_t> expected_rev = {});
/// Where the job is registered here its code is asked first, and answers with `config_judged`.
caf::result<std::int64_t> configure(node_ptr self, configure_job& m);
void judged(node_ptr self, const config_judged& x);
caf::result<std::int64_t> trigger_all(node_ptr self, trigger_job& m);

/// Answered with what is saved of the item then.
caf::result<item_state> see_state(node_ptr self, const get_item_state& m);
caf::result<item_state> set_state(node_ptr self, set_item_state& m);

/// The record of a job has changed.
void follow(node_ptr self, followed_job& what);
/// The job is gone from the cluster: it is given back as if the user had said so. Told once, however many parts notice.
void end_job(node_ptr self, const job_id& job, const std::string& why);
/// Items of the job have come or gone: its runner hears so.
void pool_changed(node_ptr self, const msg::pool_changed& m);

} // namespace djm
