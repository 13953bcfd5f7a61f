#include "actors/client/item_search.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace djm {

namespace {

/// Ids have no slash, so a page ends with "<job>/<item>".
expected<item_ref> end_of_page(const std::string& text) {
  const auto slash = text.find('/');
  item_ref r;
  if (slash != std::string::npos) {
    r = {job_id{text.substr(0, slash)}, item_id{text.substr(slash + 1)}};
  }
  if (!is_valid_id(r.job) || !is_valid_id(r.item)) {
    return fail(errc::invalid_config, "after \"" + text + "\" is none of the page before");
  }
  return r;
}

bool matches(const item_view& item, const item_query& q) {
  return (q.node.empty() || item.owner == q.node || item.holder == q.node) && (!q.unassigned || item.owner.empty()) &&
         (!q.contested || (!item.holder.empty() && item.holder != item.owner));
}

item_row row_of(const job_view& job, const item_view& item) {
  return {job.id, item.item, item.owner, item.holder, item.token, item.locked_at_ms, item.why, item.reason};
}

} // namespace

expected<item_page> find_items(const cluster_view& view, const item_query& query) {
  item_ref after;
  if (!query.after.empty()) {
    const auto end = end_of_page(query.after);
    if (!end) {
      return tl::make_unexpected(end.error());
    }
    after = *end;
  }
  item_page page;
  const std::size_t limit = std::max<std::uint32_t>(query.limit, 1);
  bool known = query.job.empty();
  bool more = false;
  for (const auto& job : view.jobs) {
    if (!query.job.empty() && job.id != query.job) {
      continue;
    }
    known = true;
    for (const auto& item : job.items) {
      if (!matches(item, query)) {
        continue;
      }
      ++page.total;
      if (!query.after.empty() && !(after < item_ref{job.id, item.item})) {
        continue;
      }
      if (page.items.size() < limit) {
        page.items.push_back(row_of(job, item));
      } else {
        more = true;
      }
    }
  }
  if (!known) {
    return fail(errc::unknown_job, "there is no job \"" + query.job + "\" in the cluster");
  }
  if (more) {
    page.next = page.items.back().job + "/" + page.items.back().item;
  }
  return page;
}

} // namespace djm
