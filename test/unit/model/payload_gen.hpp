#pragma once

#include <limits>
#include <string>
#include <vector>

#include "test/unit/model/field_gen.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/payloads.hpp"

/// Random payloads of the tree that follow its rules.
namespace djm::store {

using djm::testing::alphabet;
using djm::testing::draw;
using djm::testing::draw_bits;
using djm::testing::draw_index;

template <class Id = std::string>
Id draw_id() {
  static const std::vector<std::string> ids = {"a", "node-1", "A.b_c", "...", std::string(120, 'x')};
  return Id{ids[draw_index(ids.size())]};
}

inline std::int64_t draw_up_to(std::int64_t most) {
  const auto pick = draw_index(4);
  return pick == 0 ? 0 : pick == 1 ? most : static_cast<std::int64_t>(draw_bits() % static_cast<std::uint64_t>(most));
}

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t year_9999 = 253'402'300'799'999;

// Draws anything and puts what has rules into its range.
template <class T>
T draw_valid();

template <>
inline format_payload draw_valid() {
  return {static_cast<std::int32_t>(draw_index(5)) + 1};
}
template <>
inline alive_payload draw_valid() {
  auto x = draw<alive_payload>(alphabet::utf8);
  x.incarnation = draw_id();
  x.pid = draw_up_to(largest);
  x.started_at_ms = draw_up_to(year_9999);
  x.layout = 1 + static_cast<std::int32_t>(draw_index(1000));
  x.http_url = draw_index(2) == 0 ? "" : "http://" + draw_id();
  return x;
}
template <>
inline worker_payload draw_valid() {
  auto x = draw<worker_payload>(alphabet::utf8);
  x.incarnation = draw_id();
  x.detach_ms = draw_up_to(max_detach_ms);
  x.zone = draw_index(2) == 0 ? "" : draw_id();
  x.labels = {draw_id(), "other"};
  x.weight = 1 + draw_up_to(999'999'999);
  x.capacity = {{draw_id(), draw_up_to(max_amount)}};
  x.shared = {{"detach_tolerance", "15s"}, {draw_id(), ""}};
  return x;
}
template <>
inline mark_payload draw_valid() {
  return {draw_index(2) == 0, draw_index(2) == 0};
}
template <>
inline assigned_payload draw_valid() {
  return {draw_index(2) == 0 ? "" : draw_id(), draw_up_to(largest)};
}
template <>
inline pools_payload draw_valid() {
  return draw<pools_payload>(alphabet::utf8);
}
template <>
inline pool_payload draw_valid() {
  pool_payload x;
  x.enabled = draw_index(2) == 0;
  x.last_writer = draw_index(2) == 0 ? "" : draw_id<node_id>();
  x.writer_incarnation = draw_index(2) == 0 ? "" : draw_id();
  x.challenger = draw_index(2) == 0 ? "" : draw_id<node_id>();
  x.wish = draw_up_to(largest);
  x.schedule = draw_index(2) == 0 ? "" : djm::testing::draw_text(alphabet::utf8);
  auto& a = x.attributes;
  a.strategy = draw_index(2) == 0 ? "" : draw_id();
  a.priority = draw_index(2) == 0 ? job_priority::low : job_priority::high;
  a.item_weights = {{draw_id<item_id>(), draw_up_to(max_amount)}};
  a.requires_labels = {draw_id()};
  a.max_per_worker = static_cast<std::uint32_t>(draw_bits());
  a.spread = draw_index(2) == 0 ? spread_rule::none : spread_rule::zone;
  a.relaxation = draw_index(2) == 0 ? relaxation::one_worker() : relaxation::on(draw_id<node_id>());
  a.pinned = {{draw_id<item_id>(), draw_id<node_id>()}};
  a.custom = {{draw_id(), djm::testing::draw_text(alphabet::utf8)}};
  return x;
}
template <>
inline lock_payload draw_valid() {
  return {draw_id<node_id>(), draw_id(), draw_up_to(max_detach_ms), draw_up_to(year_9999)};
}
template <>
inline refusal_payload draw_valid() {
  refusal_payload x{draw_id<node_id>(), draw_id(), draw_id<job_id>(), {}, 1 + draw_up_to(600'000'000), {}};
  for (auto n = draw_index(4); n > 0; --n) {
    x.items.push_back(draw_id<item_id>());
  }
  x.why = draw_index(2) == 0 ? "" : "no device";
  return x;
}
template <>
inline model_payload draw_valid() {
  return {draw_up_to(largest),  draw_id(), draw_id(), draw_index(2) == 0 ? "" : draw_id(), {"a", "b"},
          draw_up_to(year_9999)};
}
template <>
inline version_payload draw_valid() {
  return draw<version_payload>(alphabet::utf8);
}

template <>
inline job_payload draw_valid() {
  job_payload x;
  x.rev = 1 + draw_up_to(largest - 1);
  x.state = draw_index(2) == 0 ? record_state::open : record_state::removed;
  x.ruling = draw_id();
  offered_spec s;
  s.hash = x.ruling;
  s.revision = draw_up_to(largest);
  s.deployment = djm::testing::draw_text(alphabet::utf8);
  s.spec = *user_config{}.with("id", "some-job");
  x.lineage = {s};
  x.paused = draw_index(2) == 0;
  x.triggers = {{draw_id(), draw_up_to(year_9999)}};
  x.triggered = draw_up_to(largest);
  x.changed_by = djm::testing::draw_text(alphabet::utf8);
  x.since_ms = draw_up_to(year_9999);
  x.generation = draw_up_to(largest - 1);
  x.prepared = draw_up_to(largest);
  x.slots_since_ms = draw_up_to(year_9999);
  return x;
}
template <>
inline config_payload draw_valid() {
  return {*user_config{}.with("batch", draw_up_to(largest))};
}
template <>
inline offer_payload draw_valid() {
  return {draw_index(2) == 0 ? "" : draw_id()};
}
template <>
inline jobs_version_payload draw_valid() {
  return {djm::testing::draw_text(alphabet::utf8), {{7, {draw_id<job_id>(), draw_id<job_id>()}}}};
}
template <>
inline state_payload draw_valid() {
  const auto n = draw_up_to(largest);
  state_payload x{n, n, n, {}, draw_id<node_id>(), draw_up_to(year_9999), draw_id()};
  if (draw_index(3) > 0) {
    x.state = bytes_of(djm::testing::draw_text(alphabet::utf8));
  }
  return x;
}

template <>
inline slot_payload draw_valid() {
  slot_payload x;
  x.token = x.epoch = x.job = draw_up_to(largest);
  x.slot = draw_up_to(year_9999) - draw_up_to(1'000'000);
  x.mark = static_cast<slot_mark>(draw_index(4));
  x.attempt = 1 + static_cast<std::uint32_t>(draw_index(1000));
  x.spared = static_cast<std::uint32_t>(draw_index(x.attempt));
  x.failures = static_cast<std::uint32_t>(draw_index(1000));
  x.by = draw_id<node_id>();
  x.incarnation = draw_id();
  return x;
}

template <>
inline submission_payload draw_valid() {
  submission_payload x;
  x.kind = draw_id();
  x.least_version = 1 + static_cast<std::int64_t>(draw_index(1000));
  x.config = *user_config{}.with("table", djm::testing::draw_text(alphabet::utf8));
  x.submitted_by = draw_id();
  x.submitted_at_ms = draw_up_to(year_9999);
  x.request = draw_id();
  x.hash = draw_id();
  if (draw_index(2) == 0) {
    x.trying = draw_id<node_id>();
    x.trying_life = draw_id();
  }
  if (draw_index(2) == 0) {
    x.died = {draw_id<node_id>(), draw_id<node_id>()};
  }
  if (draw_index(2) == 0) {
    x.declined = {{draw_id<node_id>(), draw_id(), djm::testing::draw_text(alphabet::utf8)}};
  }
  return x;
}

} // namespace djm::store
