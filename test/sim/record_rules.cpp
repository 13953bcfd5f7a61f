#include "test/sim/record_rules.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm::sim {

namespace {

using change_kind = store::node_change::kind;

/// "j" of "/djm/jobs/j"; nothing for what is above or below.
std::optional<std::string> directly_below(const std::string& path, const std::string& folder) {
  if (path.size() <= folder.size() + 1 || path.compare(0, folder.size() + 1, folder + "/") != 0) {
    return std::nullopt;
  }
  auto name = path.substr(folder.size() + 1);
  return name.find('/') == std::string::npos ? std::optional{std::move(name)} : std::nullopt;
}

bool is_there(store::session_id_t session, const tree_image& image) {
  return std::any_of(image.alive().begin(), image.alive().end(),
                     [session](const auto& x) { return x.second.session == session; });
}

/// The lineage without what is said of rulers and operators.
bool same_but_overrides(const store::offered_spec& a, const store::offered_spec& b) {
  auto x = a;
  x.overrides = b.overrides;
  return x == b;
}

} // namespace

void record_rules::sees(const store::node_change& change, store::session_id_t session, bool leads, bool lawless,
                        const tree_image& image, const say& f) {
  if (change.what == change_kind::access) {
    return;
  }
  const auto folder = tree_.workers();
  if (change.path.compare(0, folder.size() + 1, folder + "/") == 0) {
    const auto rest = change.path.substr(folder.size() + 1);
    const auto slash = rest.find("/available/");
    if (slash != std::string::npos) {
      const std::pair key{node_id{rest.substr(0, slash)}, job_id{rest.substr(slash + 11)}};
      if (change.what == change_kind::remove) {
        offers_.erase(key);
      } else {
        const auto said = store::decode<store::offer_payload>(change.data, change.path);
        offers_[key] = said ? said->hash : "";
      }
    }
    return;
  }
  const auto name = directly_below(change.path, tree_.jobs());
  if (!name || !is_valid_id(*name)) {
    return;
  }
  const job_id job{*name};
  const auto before = records_.find(job);
  if (change.what == change_kind::remove) {
    if (before != records_.end() && !lawless && !leads) {
      f(fmt::format("the record of {} is deleted by a session that does not lead", job));
    }
    records_.erase(job);
    return;
  }
  const auto now = store::decode<store::job_payload>(change.data, change.path);
  if (!now) {
    if (!lawless) {
      f(fmt::format("the record of {} cannot be read: {}", job, now.error().text));
    }
    records_.erase(job);
    return;
  }
  ++changes_;
  if (before != records_.end() && !lawless && change.what != change_kind::create) {
    changed(job, before->second, *now, session, leads, image, f);
  }
  records_[job] = *now;
}

void record_rules::changed(const job_id& job, const store::job_payload& before, const store::job_payload& now,
                           store::session_id_t session, bool leads, const tree_image& image, const say& f) {
  if (now.rev != before.rev + 1) {
    f(fmt::format("the record of {} goes from rev {} to {}", job, before.rev, now.rev));
  }
  if (before.state == record_state::removed) {
    if (now.state != record_state::open || now.lineage.size() != 1) {
      f(fmt::format("the tombstone of {} is not made anew whole", job));
    }
    return;
  }
  if (now.state == record_state::removed && !leads) {
    f(fmt::format("{} is removed by a session that does not lead", job));
  }
  if (before.state == record_state::removing && now.state == record_state::open) {
    f(fmt::format("the removal of {} is taken back", job));
  }
  if (now.ruling != before.ruling && !leads) {
    f(fmt::format("a session that does not lead says which specification of {} rules", job));
  }
  if (now.state == record_state::open && store::find_spec(now, now.ruling) == nullptr) {
    f(fmt::format("a specification of {} rules that is not there", job));
  }
  const bool added = store::find_spec(before, now.lineage.empty() ? "" : now.lineage.back().hash) == nullptr;
  if (added && !is_there(session, image)) {
    f(fmt::format("somebody who is not there adds a specification of {}", job));
  }
  for (const auto& s : now.lineage) {
    const auto* former = store::find_spec(before, s.hash);
    if (former != nullptr && !same_but_overrides(*former, s)) {
      f(fmt::format("specification {} of {} is another one than before", s.hash, job));
    }
  }
  if ((now.ruling != before.ruling || added) && (now.paused != before.paused || now.triggered != before.triggered)) {
    f(fmt::format("what operators have set of {} is changed by others", job));
  }
}

void record_rules::quiescent(const job_id& job, const tree_image& image, const say& f) const {
  const auto record = records_.find(job);
  if (record == records_.end()) {
    f(fmt::format("{} has no record", job));
    return;
  }
  if (record->second.state != record_state::open) {
    f(fmt::format("{} is registered, and its record says {}", job, enum_text(record->second.state)));
    return;
  }
  std::set<std::string> offered;
  for (const auto& [who, hash] : offers_) {
    if (who.second == job && image.alive().count(who.first) > 0) {
      offered.insert(hash);
      if (store::find_spec(record->second, hash) == nullptr) {
        f(fmt::format("what {} offers of {} is not in its record", who.first, job));
      }
    }
  }
  if (const auto best = store::ruling_among(record->second, offered); !best.empty() && best != record->second.ruling) {
    f(fmt::format("{} rules for {}, and {} should", record->second.ruling, job, best));
  }
}

} // namespace djm::sim
