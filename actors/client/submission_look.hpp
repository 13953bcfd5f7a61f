#pragma once

#include <map>
#include <optional>
#include <string>

#include "djm/cluster_view.hpp"
#include "djm/submission.hpp"
#include "zkstore/tree/submissions.hpp"

namespace djm {

/// Who is alive, with the kinds it knows and the jobs it offers.
std::map<node_id, store::living_node> living_nodes(const cluster_view& view);

/// What is wrong with it before anything is looked at. `invalid_id`, `invalid_config`.
expected<void> check_submission(const submission& what);

/// `invalid_state` where no node that is alive makes jobs of that kind in that version; the text names those that some
/// do.
expected<void> check_kind(const submission& what, const cluster_view& view);

/// Why nothing comes of it: what each node says.
std::string why_failed(const submission_view& x);

} // namespace djm
