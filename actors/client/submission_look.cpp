#include "actors/client/submission_look.hpp"

#include <limits>
#include <set>

#include "djm/job_kind.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

/// Names, and reasons, that are said; of the others only the number is.
constexpr std::size_t most_told = 10;
constexpr std::size_t max_by = 200;

} // namespace

std::map<node_id, store::living_node> living_nodes(const cluster_view& view) {
  std::map<node_id, store::living_node> all;
  for (const auto& w : view.workers) {
    if (w.state == worker_state::alive) {
      all.emplace(w.id, store::living_node{w.incarnation, w.kinds, w.jobs});
    }
  }
  return all;
}

expected<void> check_submission(const submission& what) {
  if (auto ok = check_id(what.id); !ok) {
    return ok;
  }
  if (!is_valid_id(what.kind) || what.kind.size() > max_kind_name) {
    return fail(errc::invalid_config, "kind " + impl::quote(what.kind) +
                                        " must follow the rule of ids, and have at most " +
                                        std::to_string(max_kind_name) + " bytes");
  }
  if (what.least_version < 1 || what.least_version > std::numeric_limits<std::int32_t>::max()) {
    return fail(errc::invalid_config, "least_version " + std::to_string(what.least_version) + " must be from 1 to " +
                                        std::to_string(std::numeric_limits<std::int32_t>::max()));
  }
  if (what.by.size() > max_by || !impl::is_utf8(what.by)) {
    return fail(errc::invalid_config,
                "by " + impl::quote(what.by) + " must be UTF-8 of at most " + std::to_string(max_by) + " bytes");
  }
  if (!what.request.empty() && !is_valid_id(what.request)) {
    return fail(errc::invalid_id, "request " + impl::quote(what.request) + " breaks the rule for ids");
  }
  return {};
}

expected<void> check_kind(const submission& what, const cluster_view& view) {
  std::set<std::string> known;
  for (const auto& [node, said] : living_nodes(view)) {
    if (store::knows_kind(said.kinds, what.kind, what.least_version)) {
      return {};
    }
    known.insert(said.kinds.begin(), said.kinds.end());
  }
  std::string names;
  std::size_t n = 0;
  for (const auto& name : known) {
    if (++n <= most_told) {
      names += (names.empty() ? "" : ", ") + name;
    }
  }
  return fail(errc::invalid_state, "no node that is alive knows the kind " + what.kind + " in version " +
                                     std::to_string(what.least_version) + " or a later one; " +
                                     (known.empty() ? "none knows any kind" : "known are " + names) +
                                     (n > most_told ? " and " + std::to_string(n - most_told) + " more" : ""));
}

std::string why_failed(const submission_view& x) {
  std::string text = "job \"" + x.id + "\" failed to deploy";
  if (x.died.size() >= store::most_deaths) {
    text += ": processes have ended in the factory of kind " + x.kind + " on";
    for (const auto& node : x.died) {
      text += " \"" + node + "\"";
    }
    text += ", so nobody tries any more";
  }
  std::size_t n = 0;
  for (const auto& [node, why] : x.declined) {
    if (why.empty()) {
      continue; // so many have declined it that not all reasons are kept
    }
    if (++n <= most_told) {
      text += (n == 1 && x.died.size() < store::most_deaths ? ": node \"" : "; node \"") + node + "\": " + why;
    }
  }
  return n > most_told ? text + "; and " + std::to_string(n - most_told) + " more" : text;
}

} // namespace djm
