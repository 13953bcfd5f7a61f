#pragma once

#include "djm/client_answers.hpp"
#include "djm/cluster_view.hpp"
#include "djm/error.hpp"

namespace djm {

/// A page of the items of a view. `unknown_job`; `invalid_config` for an `after` that is no `next`. Pure.
expected<item_page> find_items(const cluster_view& view, const item_query& query);

} // namespace djm
