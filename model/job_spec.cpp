#include "djm/job_spec.hpp"

#include <algorithm>
#include <string_view>

#include "djm/timetable.hpp"
#include "model/text.hpp"

namespace djm {

namespace {

/// What `in_range` says a value must be.
struct bounds {
  duration least, most;
};

/// Collects the first complaint about one job; later checks are skipped.
class spec_checker {
public:
  explicit spec_checker(const job_id& job) : where_("job \"" + job + "\": ") {}

  void require(bool ok, errc code, const std::string& text) {
    if (result_ && !ok) {
      result_ = fail(code, where_ + text);
    }
  }

  void require(bool ok, const std::string& text) { require(ok, errc::invalid_config, text); }

  void adopt(const expected<void>& checked, const std::string& field) {
    if (result_ && !checked) {
      result_ = fail(checked.error().code, where_ + field + ": " + checked.error().text);
    }
  }

  void not_negative(const char* field, duration value) {
    require(value >= duration::zero() && value <= max_schedule_duration,
            std::string{field} + " is " + describe_duration(value) + "; it must be from 0s to " +
              describe_duration(max_schedule_duration));
  }

  void in_range(const char* field, duration value, bounds b, const char* hint = "") {
    require(value >= b.least && value <= b.most, std::string{field} + " is " + describe_duration(value) +
                                                   "; it must be from " + describe_duration(b.least) + " to " +
                                                   describe_duration(b.most) + hint);
  }

  void in_range(const char* field, std::int64_t value, std::int64_t least, std::int64_t most, const char* hint = "") {
    require(value >= least && value <= most, std::string{field} + " is " + std::to_string(value) +
                                               "; it must be from " + std::to_string(least) + " to " +
                                               std::to_string(most) + hint);
  }

  const expected<void>& result() const { return result_; }

private:
  std::string where_;
  expected<void> result_;
};

template <class Name>
void check_amounts(spec_checker& c, const char* field, const std::map<Name, std::int64_t>& amounts) {
  for (const auto& [name, amount] : amounts) {
    c.require(is_valid_id(name), std::string{field} + ": name " + impl::quote(name) + " breaks the rule for names");
    c.require(amount >= 0 && amount <= max_amount, std::string{field} + "[" + impl::quote(name) + "] is " +
                                                     std::to_string(amount) + "; it must be from 0 to " +
                                                     std::to_string(max_amount));
  }
}

void check_partners(spec_checker& c, const job_id& job, const job_attributes& a) {
  for (const auto& id : a.colocate_with) {
    c.adopt(check_id(id), "attributes.colocate_with");
    c.require(id != job, "attributes.colocate_with names the job itself");
  }
  for (const auto& id : a.separate_from) {
    c.adopt(check_id(id), "attributes.separate_from");
    c.require(id != job, "attributes.separate_from names the job itself");
    c.require(std::find(a.colocate_with.begin(), a.colocate_with.end(), id) == a.colocate_with.end(),
              "attributes: job " + impl::quote(id) + " is in colocate_with and in separate_from");
  }
}

constexpr std::string_view named_worker = "worker:";
constexpr std::size_t max_deployment_name = 120;

bool makes_sense(const relaxation& x) {
  return is_enumerator(x.kind) && (x.kind == relaxation_kind::named_worker ? is_valid_id(x.worker) : x.worker.empty());
}

void check_attributes(spec_checker& c, const job_id& job, const job_attributes& a) {
  c.require(a.strategy.empty() || is_valid_id(a.strategy),
            "attributes.strategy " + impl::quote(a.strategy) + " breaks the rule for names");
  c.require(is_enumerator(a.priority),
            "attributes.priority is " + to_string(a.priority) + "; it must be low, normal or high");
  for (const auto& [item, weight] : a.item_weights) {
    c.adopt(check_id(item), "attributes.item_weights");
  }
  check_amounts(c, "attributes.item_weights", a.item_weights);
  check_amounts(c, "attributes.profile", a.profile);
  for (const auto& label : a.requires_labels) {
    c.require(is_valid_id(label), "attributes.requires: label " + impl::quote(label) + " breaks the rule for names");
  }
  c.require(is_enumerator(a.spread), "attributes.spread is " + to_string(a.spread) + "; it must be none or zone");
  check_partners(c, job, a);
  for (const auto& [item, node] : a.pinned) {
    c.adopt(check_id(item), "attributes.pinned");
    c.adopt(check_id(node), "attributes.pinned[" + impl::quote(item) + "]");
  }
  c.require(makes_sense(a.relaxation), "attributes.relaxation is " + to_string(a.relaxation.kind) +
                                         " with the worker " + impl::quote(a.relaxation.worker) +
                                         "; it must be any or one_worker without a worker, or named_worker with an id");
  c.require(a.wait_limit == duration::zero() ||
              (a.wait_limit >= std::chrono::seconds{1} && a.wait_limit <= max_schedule_duration),
            "attributes.wait_limit is " + describe_duration(a.wait_limit) +
              "; it must be 0s (no limit) or from 1s to " + describe_duration(max_schedule_duration));
  for (const auto& [name, value] : a.custom) {
    c.require(is_valid_id(name), "attributes.custom: name " + impl::quote(name) + " breaks the rule for names");
    c.require(impl::is_utf8(value),
              "attributes.custom[" + impl::quote(name) + "] is " + impl::quote(value) + ", which is not UTF-8");
  }
}

/// Nothing where it cannot be said: other rules complain about such a calendar.
std::optional<duration> closest(const job_spec& spec) {
  const auto read = parse_calendar(spec.schedule.calendar);
  const auto gap = read ? closest_slots(*read) : tl::make_unexpected(read.error());
  return gap ? *gap : std::nullopt;
}

void check_memory(spec_checker& c, const job_spec& spec) {
  const auto& s = spec.slots;
  c.in_range("slots.least_claim_gap", s.least_claim_gap, {shortest_claim_gap, max_schedule_duration});
  if (!s.remember || *s.remember == slots::forget) {
    return;
  }
  c.require(is_enumerator(*s.remember), "slots.remember is " + to_string(*s.remember) + ", which is no rule");
  const auto named = "slots.remember is " + to_string(*s.remember);
  c.require(spec.schedule.kind == schedule_kind::calendar,
            named + "; only a calendar has slots: say .at(djm::cron(...)) or .at(djm::aligned(...))");
  c.require(spec.mode == running_mode::thread_per_item,
            named + "; it needs a run for each item: say .thread_per_item(), or djm::slots::forget");
  if (spec.schedule.kind == schedule_kind::calendar && *s.remember != slots::finished) {
    const auto gap = closest(spec);
    c.require(!gap || *gap >= s.least_claim_gap,
              named + " and slots come " + describe_duration(gap.value_or(duration::zero())) +
                " after each other, closer than slots.least_claim_gap, " + describe_duration(s.least_claim_gap) +
                "; say djm::slots::finished, or .least_claim_gap(...) of " + describe_duration(shortest_claim_gap) +
                " or more");
  }
}

void check_slots(spec_checker& c, const job_spec& spec) {
  constexpr duration longest_jitter = std::chrono::hours{24 * 366};
  const auto& s = spec.slots;
  c.require(is_enumerator(s.overlap), "slots.overlap is " + to_string(s.overlap) + ", which is no rule");
  c.require(is_enumerator(s.catch_up), "slots.catch_up is " + to_string(s.catch_up) + ", which is no rule");
  c.in_range("slots.jitter", s.jitter, {duration::zero(), longest_jitter}, "; zero starts every item at its slot");
  c.in_range("slots.window", s.window, {duration{1}, max_schedule_duration},
             "; to leave out what is missed say catch_up::none");
  check_memory(c, spec);
  if (spec.schedule.kind == schedule_kind::calendar) {
    c.require(spec.on_new_items == new_items_policy::next_run,
              "on_new_items is " + to_string(spec.on_new_items) +
                "; with a calendar it must be next_run, because new items wait for the next slot");
    return;
  }
  const std::string only = "; only a calendar has slots: say .at(djm::cron(...)) or .at(djm::aligned(...))";
  c.require(s.jitter == duration::zero(), "slots.jitter is " + describe_duration(s.jitter) + only);
  c.require(s.overlap == overlap::queue_one, "slots.overlap is " + to_string(s.overlap) + only);
  c.require(s.catch_up == catch_up::last, "slots.catch_up is " + to_string(s.catch_up) + only);
}

void check_failures(spec_checker& c, const failure_rules& f) {
  constexpr duration least = std::chrono::milliseconds{1};
  const auto& r = f.retry;
  c.in_range("failures.retry.attempts", r.attempts_allowed, 1, 1000, "; 1 means that failures are not tried again");
  c.in_range("failures.retry.first", r.first_delay, {least, max_schedule_duration});
  c.in_range("failures.retry.factor_milli", r.factor_milli, 1000, 100'000,
             "; it is the factor in thousandths, so from 1 to 100");
  c.in_range("failures.retry.max", r.max_delay, {least, max_schedule_duration});
  c.require(r.max_delay >= r.first_delay, "failures.retry.max is " + describe_duration(r.max_delay) +
                                            ", below failures.retry.first, " + describe_duration(r.first_delay) +
                                            "; raise max or lower first");
  c.in_range("failures.retry.jitter_milli", r.jitter_milli, 0, 1000,
             "; it is the share in thousandths, so from 0 to 1");
  c.not_negative("failures.run_timeout", f.run_timeout);
  c.not_negative("failures.beat_timeout", f.beat_timeout);
  c.in_range("failures.refused_for", f.refused_for, {std::chrono::seconds{1}, std::chrono::hours{7 * 24}});
}

} // namespace

std::string to_word(const relaxation& x) {
  switch (x.kind) {
  case relaxation_kind::one_worker: return "one_worker";
  case relaxation_kind::named_worker: return std::string{named_worker} + x.worker;
  default: return {}; // what stood in the store before there was another word
  }
}

bool from_word(std::string_view word, relaxation& x) {
  if (word.empty() || word == "any") {
    x = relaxation::any();
  } else if (word == "one_worker") {
    x = relaxation::one_worker();
  } else if (word.substr(0, named_worker.size()) == named_worker && is_valid_id(word.substr(named_worker.size()))) {
    x = relaxation::on(node_id{word.substr(named_worker.size())});
  } else {
    return false;
  }
  return true;
}

const char* rule_of_words(const relaxation&) {
  return "empty, any, one_worker or worker:<id>";
}

slots memory_of(const job_spec& spec) {
  if (spec.slots.remember) {
    return *spec.slots.remember;
  }
  if (spec.schedule.kind != schedule_kind::calendar || spec.mode != running_mode::thread_per_item) {
    return slots::forget;
  }
  const auto gap = closest(spec);
  return !gap || *gap >= least_remembered_gap ? slots::finished : slots::forget;
}

bool operator==(const job_attributes& a, const job_attributes& b) {
  return equal_fields(a, b);
}

bool operator==(const job_spec& a, const job_spec& b) {
  return equal_fields(a, b);
}

std::string to_string(running_mode mode) {
  return enum_text(mode);
}

std::string to_string(new_items_policy policy) {
  return enum_text(policy);
}

expected<void> validate(const job_id& job, const job_attributes& attributes) {
  spec_checker c{job};
  check_attributes(c, job, attributes);
  return c.result();
}

expected<void> validate(const job_spec& spec) {
  if (auto ok = check_id(spec.id); !ok) {
    return ok;
  }
  spec_checker c{spec.id};
  c.adopt(validate(spec.schedule), "schedule");
  c.require(is_enumerator(spec.mode), errc::invalid_running_strategy,
            "mode is " + to_string(spec.mode) + ", which is no running mode");
  c.require(is_enumerator(spec.on_new_items),
            "on_new_items is " + to_string(spec.on_new_items) + ", which is no policy");
  c.require(is_enumerator(spec.on_pool_change),
            "on_pool_change is " + to_string(spec.on_pool_change) + "; it must be live or signal");
  c.not_negative("pool_check_period", spec.pool_check_period);
  c.not_negative("pool_timeout", spec.pool_timeout);
  c.require(spec.pool_timeout > duration::zero(), "pool_timeout is 0s; it must be above zero");
  c.not_negative("stop_grace", spec.stop_grace);
  check_slots(c, spec);
  check_failures(c, spec.failures);
  c.require(spec.revision >= 0, "revision is " + std::to_string(spec.revision) + "; it must not be below 0");
  c.require(spec.deployment.size() <= max_deployment_name && impl::is_utf8(spec.deployment),
            "deployment is " + impl::quote(spec.deployment) + "; it must be UTF-8 of at most " +
              std::to_string(max_deployment_name) + " bytes");
  check_attributes(c, spec.id, spec.attributes);
  return c.result();
}

} // namespace djm
