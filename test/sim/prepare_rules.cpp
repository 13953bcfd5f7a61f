#include "test/sim/prepare_rules.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm::sim {

namespace {

using change_kind = store::node_change::kind;

template <class Map>
std::int64_t number_of(const Map& numbers, const job_id& job) {
  const auto n = numbers.find(job);
  return n == numbers.end() ? 0 : n->second;
}

/// "j" of "/djm/jobs/j".
bool is_below(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() + 1 && path.compare(0, folder.size(), folder) == 0 && path[folder.size()] == '/';
}

} // namespace

void prepare_rules::sees(const store::node_change& change, bool lawless, const say& f) {
  if (change.what == change_kind::access) {
    return;
  }
  const item_id hidden{std::string{preparation_item}};
  if (is_below(change.path, tree_.jobs())) {
    const auto job = job_id{change.path.substr(tree_.jobs().size() + 1)};
    if (is_valid_id(job)) {
      record_changed(job, change, lawless, f);
    }
  } else if (is_below(change.path, tree_.states())) {
    const auto rest = change.path.substr(tree_.states().size() + 1);
    const auto slash = rest.find('/');
    if (slash != std::string::npos && rest.substr(slash + 1) == hidden) {
      state_changed(job_id{rest.substr(0, slash)}, change, lawless, f);
    }
  }
}

void prepare_rules::state_changed(const job_id& job, const store::node_change& change, bool lawless, const say& f) {
  if (change.what == change_kind::remove) {
    saved_.erase(job);
    return;
  }
  const auto p = store::decode<store::state_payload>(change.data, change.path);
  const auto text = p && p->state ? std::string(p->state->data.begin(), p->state->data.end()) : std::string{};
  const auto now = std::strtoll(text.c_str(), nullptr, 10);
  if (const auto before = number_of(saved_, job); now <= before && !lawless) {
    f(fmt::format("preparation {} of {} is saved, and {} was before", now, job, before));
  }
  saved_[job] = now;
  ++counted_;
}

void prepare_rules::record_changed(const job_id& job, const store::node_change& change, bool lawless, const say& f) {
  const auto now = change.what == change_kind::remove ? expected<store::job_payload>{store::job_payload{}}
                                                      : store::decode<store::job_payload>(change.data, change.path);
  if (change.what == change_kind::remove || !now) {
    records_.erase(job);
    return;
  }
  const auto before = records_.find(job);
  const bool goes_on = before != records_.end() && before->second.state == record_state::open &&
                       change.what == change_kind::set && !lawless;
  if (goes_on && now->prepared < before->second.prepared) {
    f(fmt::format("the record of {} falls from preparation {} to {}", job, before->second.prepared, now->prepared));
  }
  if (goes_on && now->prepared > before->second.prepared && now->prepared > number_of(saved_, job)) {
    f(fmt::format("the record of {} says that preparation {} is done, and {} is saved", job, now->prepared,
                  number_of(saved_, job)));
  }
  records_[job] = *now;
}

void prepare_rules::run_began(const job_id& job, const std::vector<work_item>& items, std::int64_t generation,
                              const say& f) const {
  if (generation == 0 || (items.size() == 1 && items.front().id == preparation_item)) {
    return;
  }
  if (const auto saved = number_of(saved_, job); saved < generation) {
    f(fmt::format("a run of {} begins in generation {}, and preparation {} is the latest that is done", job, generation,
                  saved));
  }
}

void prepare_rules::quiescent(const job_id& job, const say& f) const {
  const auto r = records_.find(job);
  if (r != records_.end() && r->second.state == record_state::open && !store::is_prepared(r->second)) {
    f(fmt::format("{} still waits for preparation {}", job, store::wanted_generation(r->second)));
  }
}

} // namespace djm::sim
