#include "actors/client/record_look.hpp"

#include <algorithm>
#include <utility>

namespace djm {

namespace {

/// Items that are named; of the others only the number is said.
constexpr std::size_t most_named = 3;

std::string missing_of(const item_view& item) {
  const auto name = "item \"" + item.item + "\"";
  if (item.owner.empty()) {
    return name + " has no owner: " + item.reason;
  }
  const auto owner = name + " of node \"" + item.owner + "\"";
  return item.holder.empty() ? owner + " is not locked yet"
                             : owner + " is locked by node \"" + item.holder + "\" still";
}

} // namespace

expected<record_view> view_of_record(const job_id& job, const store::tree_schema& tree,
                                     const store::record_reads& found) {
  const auto path = tree.job(job);
  const auto record = store::read_payload<store::job_payload>(*found.record, path);
  const auto config = store::read_payload<store::config_payload>(*found.config, tree.job_config(job));
  if (record.problem || config.problem) {
    return tl::make_unexpected(record.problem ? *record.problem : *config.problem);
  }
  if (!record.value) {
    return fail(errc::unknown_job, "job \"" + job + "\" has no record in the cluster: no node has registered it");
  }
  job_spec nobodys;
  nobodys.id = job;
  auto followed = store::follow(*record.value, config.value ? &*config.value : nullptr, nobodys, {}, path);
  if (!followed) {
    return tl::make_unexpected(std::move(followed.error()));
  }
  const auto& r = *record.value;
  record_view view;
  view.job = job;
  view.rev = r.rev;
  view.state = r.state;
  view.since_ms = r.since_ms;
  view.paused = r.paused;
  view.triggered = r.triggered;
  view.ruling = r.ruling;
  for (const auto& s : r.lineage) {
    view.specs.push_back({s.hash, s.revision, s.deployment, s.appeared});
  }
  view.overrides = store::find_spec(r, r.ruling)->overrides;
  view.spec = std::move(followed->spec);
  view.config = std::move(followed->config);
  view.changed_by = r.changed_by;
  return view;
}

std::string missing_of(const cluster_view& view, const job_id& job, job_view& found) {
  const auto j = std::find_if(view.jobs.begin(), view.jobs.end(), [&](const job_view& x) { return x.id == job; });
  if (j == view.jobs.end()) {
    return "job \"" + job + "\" is not in the cluster's work pool";
  }
  std::string result;
  std::size_t missing = 0;
  for (const auto& item : j->items) {
    if (!item.owner.empty() && item.holder == item.owner) {
      continue;
    }
    if (++missing <= most_named) {
      result += (result.empty() ? "" : "; ") + missing_of(item);
    }
  }
  if (missing > most_named) {
    result += "; and " + std::to_string(missing - most_named) + " more";
  }
  if (missing > 0 && (view.all_disabled || !j->enabled)) {
    result = "job \"" + job + "\" is switched off: " + result;
  }
  found = *j;
  return result;
}

} // namespace djm
