#pragma once

#include <map>
#include <memory>
#include <set>

#include "djm/ids.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// The items of one job that `assigned/<worker>` lists.
struct assigned_items {
  /// Of the last change of the list.
  store::zxid_t pzxid = 0;
  /// Never null; shared with what was known before while the list stays the same.
  std::shared_ptr<const std::set<item_id>> items;
};
using assigned_jobs = std::map<job_id, assigned_items>;

} // namespace djm
