#include "zkstore/tree/job_records.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "djm/value_reader.hpp"

namespace djm::store {

namespace {

/// How many changes `jobs-version` lists, and how many jobs in all of them.
constexpr std::size_t most_changes = 32;
constexpr std::size_t most_changed_jobs = 256;

/// A later version may have written fields that this one does not know.
expected<job_spec> read_spec(const offered_spec& s, job_spec into) {
  value_reader reader{unknown_keys::ignored};
  const auto spec = s.spec.unpacked();
  reader.read(spec.view(), into);
  if (auto ok = reader.complaints().result(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return into;
}

/// What all nodes follow of the specification that rules; the rest is the node's own.
job_spec followed_fields(const job_spec& ruling, job_spec own) {
  own.schedule = ruling.schedule;
  own.max_concurrent_runs = ruling.max_concurrent_runs;
  own.pool_check_period = ruling.pool_check_period;
  own.pool_timeout = ruling.pool_timeout;
  own.stop_grace = ruling.stop_grace;
  own.on_pool_change = ruling.on_pool_change;
  own.slots = ruling.slots;
  own.failures = ruling.failures;
  return own;
}

} // namespace

// -- reading ------------------------------------------------------------------------

record_reads::record_reads(const tree_schema& tree, job_id who, read_batch& ask)
  : id(std::move(who)), record(ask.get(tree.job(id))), config(ask.get(tree.job_config(id))) {}

const offered_spec* find_spec(const job_payload& record, std::string_view hash) {
  const auto found = std::find_if(record.lineage.begin(), record.lineage.end(),
                                  [hash](const offered_spec& s) { return s.hash == hash; });
  return found != record.lineage.end() ? &*found : nullptr;
}

expected<followed_job> follow(const job_payload& record, const config_payload* stored, const job_spec& own,
                              const std::string& own_hash, const std::string& path) {
  const auto unusable = [&path](const error& why) {
    return fail(errc::malformed_payload, path + ": " + why.text + "; what was followed before goes on");
  };
  followed_job result;
  result.job = own.id;
  result.rev = record.rev;
  result.rules = record.ruling == own_hash;
  result.paused = record.paused;
  result.slots_since_ms = record.slots_since_ms;
  const auto* ruling = find_spec(record, record.ruling);
  if (ruling == nullptr) {
    return unusable({errc::malformed_payload, "no specification rules"});
  }
  auto spec = result.rules ? expected<job_spec>{own} : read_spec(*ruling, own);
  if (spec) {
    spec = with_overrides(result.rules ? own : followed_fields(*spec, own), ruling->overrides);
  }
  auto config = stored != nullptr ? ruling->config.merged(stored->config) : expected<user_config>{ruling->config};
  if (!spec || !config) {
    return unusable(!spec ? spec.error() : config.error());
  }
  result.spec = std::move(*spec);
  result.deployment = ruling->deployment;
  result.config = std::move(*config);
  result.generation = wanted_generation(record);
  result.prepared = is_prepared(record);
  return result;
}

std::int64_t wanted_generation(const job_payload& record) {
  const auto* ruling = find_spec(record, record.ruling);
  if (ruling == nullptr) {
    return 0;
  }
  const auto prepares = ruling->spec.unpacked().get<bool>("prepares");
  return prepares && prepares->value_or(false) ? record.generation + 1 : 0;
}

bool note_prepared(job_payload& record, std::int64_t generation) {
  if (generation <= record.prepared || generation > record.generation + 1) {
    return false;
  }
  record.prepared = generation;
  ++record.rev;
  return true;
}

std::uint32_t new_triggers(const job_payload& before, const job_payload& now) {
  const auto more = now.triggered - before.triggered;
  return more > 0 ? static_cast<std::uint32_t>(std::min<std::int64_t>(more, UINT32_MAX)) : 0;
}

// -- nodes that offer the job -------------------------------------------------------

expected<offered_spec> to_offer(const job_spec& spec) {
  auto plain = spec;
  plain.attributes = {};
  plain.config = {};
  auto json = user_config::of(plain);
  if (!json) {
    return fail(json.error().code, "job \"" + spec.id + "\": " + json.error().text);
  }
  return offered_spec{hash_of_spec(spec), 0, spec.revision, spec.deployment, std::move(*json), spec.config, {}};
}

job_payload first_record(offered_spec spec, const job_payload* former, std::int64_t wall_ms) {
  job_payload record;
  record.rev = former != nullptr ? former->rev + 1 : 1;
  record.ruling = spec.hash;
  record.slots_since_ms = wall_ms;
  spec.appeared = record.rev;
  record.lineage.push_back(std::move(spec));
  return record;
}

void appear(job_payload& record, offered_spec spec) {
  ++record.rev;
  spec.appeared = record.rev;
  auto& lineage = record.lineage;
  lineage.push_back(std::move(spec));
  while (lineage.size() > most_specs || (lineage.size() > 2 && encode(record).size() > max_record_size)) {
    // The one that rules and the new one stay, whatever their size: two always fit.
    const auto earliest =
      std::find_if(lineage.begin(), lineage.end() - 1, [&](const offered_spec& s) { return s.hash != record.ruling; });
    lineage.erase(earliest);
  }
}

// -- the leader ---------------------------------------------------------------------

std::optional<job_spec> ruling_spec(const job_payload& record) {
  const auto* ruling = find_spec(record, record.ruling);
  if (ruling == nullptr) {
    return std::nullopt;
  }
  auto spec = read_spec(*ruling, {});
  if (spec) {
    spec = with_overrides(*spec, ruling->overrides);
  }
  return spec ? std::optional{std::move(*spec)} : std::nullopt;
}

namespace {

/// What all follow of the schedule; nothing where the record makes no sense.
std::optional<schedule> schedule_of(const job_payload& record) {
  const auto spec = ruling_spec(record);
  return spec ? std::optional{spec->schedule} : std::nullopt;
}

/// Where the slots are not those of before, nothing is caught up on.
void note_new_slots(const std::optional<schedule>& before, job_payload& record, std::int64_t wall_ms) {
  if (!(schedule_of(record) == before)) {
    record.slots_since_ms = wall_ms;
  }
}

} // namespace

void rule(job_payload& record, const std::string& ruling, std::int64_t wall_ms) {
  const auto before = schedule_of(record);
  record.ruling = ruling;
  note_new_slots(before, record, wall_ms);
}

std::string ruling_among(const job_payload& record, const std::set<std::string>& offered) {
  const offered_spec* best = nullptr;
  for (const auto& s : record.lineage) {
    if (offered.count(s.hash) > 0 &&
        (best == nullptr || std::pair{s.revision, s.appeared} > std::pair{best->revision, best->appeared})) {
      best = &s;
    }
  }
  return best != nullptr ? best->hash : std::string{};
}

// -- operators ----------------------------------------------------------------------

namespace {

/// One order at a record that is open.
class order_desk {
public:
  order_desk(const job_id& job, const job_payload& record, const config_payload& config, std::int64_t wall_ms)
    : job_(job), record_(record), config_(config), wall_ms_(wall_ms) {}

  expected<ordered> operator()(const order::override_spec& x) const {
    const auto* ruling = find_spec(record_, record_.ruling);
    auto merged = x.replace ? expected<user_config>{x.overrides} : merge_overrides(ruling->overrides, x.overrides);
    if (!merged) {
      return fail(merged.error().code, "job \"" + job_ + "\": " + merged.error().text);
    }
    job_spec base;
    base.id = job_;
    if (auto spec = read_spec(*ruling, base); !spec) {
      return tl::make_unexpected(spec.error());
    } else if (auto ok = with_overrides(*spec, *merged); !ok) {
      return tl::make_unexpected(ok.error());
    }
    if (ruling->overrides == *merged) {
      return ordered{};
    }
    auto next = record_;
    next.lineage[static_cast<std::size_t>(ruling - record_.lineage.data())].overrides = std::move(*merged);
    note_new_slots(schedule_of(record_), next, wall_ms_);
    return ordered{std::move(next), {}};
  }

  expected<ordered> operator()(const order::configure& x) const {
    const auto& defaults = find_spec(record_, record_.ruling)->config;
    if (auto all = defaults.merged(x.config); !all) {
      return fail(all.error().code, "configuration of job \"" + job_ + "\": " + all.error().text);
    }
    if (config_.config == x.config) {
      return ordered{};
    }
    return ordered{record_, config_payload{x.config}};
  }

  expected<ordered> operator()(const order::pause& x) const {
    if (record_.paused == x.paused) {
      return ordered{};
    }
    auto next = record_;
    next.paused = x.paused;
    next.slots_since_ms = x.paused ? next.slots_since_ms : wall_ms_;
    return ordered{std::move(next), {}};
  }

  expected<ordered> operator()(const order::trigger& x) const {
    const auto& known = record_.triggers;
    if (std::any_of(known.begin(), known.end(), [&x](const trigger_mark& t) { return t.id == x.id; })) {
      return ordered{};
    }
    if (record_.paused) {
      return fail(errc::invalid_state, "job \"" + job_ + "\" is paused: it cannot be triggered; resume it first");
    }
    auto next = record_;
    ++next.triggered;
    next.triggers.push_back({x.id, wall_ms_});
    if (next.triggers.size() > most_triggers) {
      next.triggers.erase(next.triggers.begin());
    }
    return ordered{std::move(next), {}};
  }

  expected<ordered> operator()(const order::prepare_again&) const {
    if (wanted_generation(record_) == 0) {
      return fail(errc::invalid_state, "job \"" + job_ +
                                         "\" prepares nothing: the specification that rules has no "
                                         "function for it");
    }
    auto next = record_;
    ++next.generation;
    return ordered{std::move(next), {}};
  }

  expected<ordered> operator()(const order::remove&) const {
    auto next = record_;
    next.state = record_state::removing;
    next.since_ms = wall_ms_;
    return ordered{std::move(next), {}};
  }

private:
  const job_id& job_;
  const job_payload& record_;
  const config_payload& config_;
  std::int64_t wall_ms_;
};

} // namespace

expected<ordered> carry_out(const job_order& what, const job_id& job, const job_payload& record,
                            const config_payload& config, std::optional<std::int64_t> expected_rev,
                            const std::string& by, std::int64_t wall_ms) {
  if (record.changed_by == by) {
    return ordered{}; // carried out already: only the answer was lost
  }
  if (expected_rev && *expected_rev != record.rev) {
    return fail(errc::conflict, fmt::format("job \"{}\" is at revision {} of its record, not {}: somebody has changed "
                                            "it meanwhile",
                                            job, record.rev, *expected_rev));
  }
  if (record.state != record_state::open) {
    if (std::holds_alternative<order::remove>(what)) {
      return ordered{};
    }
    return fail(errc::invalid_state,
                "job \"" + job + "\" is " +
                  (record.state == record_state::removing ? "being removed" : "removed: register it again first"));
  }
  auto result = std::visit(order_desk{job, record, config, wall_ms}, what);
  if (result && result->record) {
    ++result->record->rev;
    result->record->changed_by = by;
    if (const auto size = encode(*result->record).size(); size > max_record_size) {
      return fail(errc::too_large, fmt::format("the record of job \"{}\" would have {} bytes; at most {} are possible",
                                               job, size, max_record_size));
    }
  }
  return result;
}

// -- which records have changed -----------------------------------------------------

std::string encode_change(const jobs_version_payload& before, std::int32_t version, std::vector<job_id> jobs,
                          std::string transaction) {
  auto next = before;
  auto& recent = next.recent;
  if (!recent.empty() && recent.back().version != version) {
    recent.clear(); // written by somebody else: what came between is not known
  }
  next.transaction = std::move(transaction);
  recent.push_back({version + 1, std::move(jobs)});
  std::size_t listed = 0;
  const auto first = std::find_if(recent.rbegin(), recent.rend(), [&listed](const jobs_change& c) {
    listed += c.jobs.size();
    return listed > most_changed_jobs;
  });
  recent.erase(recent.begin(), first.base());
  if (recent.size() > most_changes) {
    recent.erase(recent.begin());
  }
  return encode(next);
}

std::optional<std::set<job_id>> changed_since(const jobs_version_payload& now, std::int32_t now_version,
                                              std::int32_t since) {
  if (since == now_version) {
    return std::set<job_id>{};
  }
  const auto& recent = now.recent;
  const bool whole = since < now_version && !recent.empty() && recent.back().version == now_version &&
                     recent.front().version <= since + 1;
  if (!whole) {
    return std::nullopt;
  }
  std::set<job_id> jobs;
  std::int32_t version = recent.front().version;
  for (const auto& change : recent) {
    if (change.version != version++) {
      return std::nullopt;
    }
    if (change.version > since) {
      jobs.insert(change.jobs.begin(), change.jobs.end());
    }
  }
  return jobs;
}

} // namespace djm::store
