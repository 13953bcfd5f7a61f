#include "djm/enum_names.hpp"

#include <map>
#include <string>

#include <doctest/doctest.h>

#include "djm/cluster_health.hpp"
#include "djm/dst.hpp"
#include "djm/error.hpp"
#include "djm/events.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/job_spec.hpp"
#include "djm/log.hpp"
#include "djm/node_config.hpp"
#include "djm/status.hpp"
#include "djm/submission.hpp"
#include "zkstore/types.hpp"

using namespace djm;

namespace {

template <class E>
void check_names(E last) {
  constexpr auto table = enum_names(E{});
  CAPTURE(table.type);
  CHECK(static_cast<std::size_t>(last) + 1 == table.names.size());
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    const auto name = enum_text(static_cast<E>(i));
    CHECK_FALSE(name.empty());
    REQUIRE(enum_value<E>(name));
    CHECK(static_cast<std::size_t>(*enum_value<E>(name)) == i); // also: no name twice
    CHECK(is_enumerator(static_cast<E>(i)));
  }
  CHECK_FALSE(is_enumerator(static_cast<E>(200)));
  CHECK(enum_text(static_cast<E>(200)) == std::string{table.type} + "(200)");
  CHECK_FALSE(enum_value<E>(""));
  CHECK_FALSE(enum_value<E>("no such name"));
}

} // namespace

TEST_CASE("every enumerator has one name that leads back to it") {
  check_names(errc::clock_skew);
  check_names(id_kind::item);
  check_names(gap_rule::run_after);
  check_names(overlap_rule::both);
  check_names(dst_rule::once);
  check_names(schedule_kind::calendar);
  check_names(running_mode::custom);
  check_names(new_items_policy::restart);
  check_names(stop_reason::superseded);
  check_names(overlap::restart);
  check_names(catch_up::all);
  check_names(slots::tracked);
  check_names(skip_reason::clock);
  check_names(run_outcome::dropped);
  check_names(log_level::error);
  check_names(store::rc::throttled);
  check_names(store::rc_class::bug);
  check_names(store::create_mode::ephemeral_sequential);
  check_names(store::read_kind::access);
  check_names(store::watch_kind::children);
  check_names(store::read_status::rejected);
  check_names(session_phase::closed);
  check_names(registration_phase::failed);
  check_names(election_role::observer);
  check_names(node_role::coordinator);
  check_names(health_state::failing);
  check_names(manager_phase::backing_off);
  check_names(node_lifecycle::stopped);
  check_names(worker_state::expected);
  check_names(submission_state::failed_to_deploy);
  check_names(unknown_kind::waits);
  check_names(connection_state::stopped);
  check_names(job_priority::high);
  check_names(pool_change::signal);
  check_names(model_part::deployment);
  check_names(relaxation_kind::named_worker);
  check_names(plan_rule::max_workers);
  check_names(item_reason::preparing);
  check_names(config_type::integer_map);
}

TEST_CASE("no rule of spread is the empty text, as it always was in the store") {
  CHECK(to_string(spread_rule::none).empty());
  CHECK(to_string(spread_rule::zone) == "zone");
  CHECK(enum_value<spread_rule>("") == spread_rule::none);
  CHECK(enum_value<spread_rule>("zone") == spread_rule::zone);
  CHECK_FALSE(enum_value<spread_rule>("none"));
  CHECK_FALSE(is_enumerator(static_cast<spread_rule>(2)));
}

TEST_CASE("names agree with the enumerators where the order is easy to confuse") {
  CHECK(to_string(errc::none) == "none");
  CHECK(to_string(errc::malformed_payload) == "malformed_payload");
  CHECK(to_string(errc::shutting_down) == "shutting_down");
  CHECK(to_string(errc::user_code_hangs) == "user_code_hangs");
  CHECK(to_string(errc::internal) == "internal");
  CHECK(to_string(static_cast<errc>(99)) == "errc(99)");
  CHECK(to_string(stop_reason::lease_expiring) == "lease_expiring");
  CHECK(to_string(running_mode::thread_per_item) == "thread_per_item");
  CHECK(to_string(new_items_policy::own_run) == "own_run");
  CHECK(to_string(schedule_kind::fixed_delay) == "fixed_delay");
  CHECK(to_string(log_level::warning) == "warning");
  CHECK(to_string(id_kind::job) == "job");
  CHECK(to_string(session_phase::refused) == "refused");
  CHECK(to_string(registration_phase::waiting_for_id) == "waiting_for_id");
  CHECK(to_string(election_role::candidate) == "candidate");
  CHECK(to_string(manager_phase::writing) == "writing");
  CHECK(to_string(node_lifecycle::stopping) == "stopping");
  CHECK(to_string(worker_state::gone) == "gone");
  CHECK(to_string(worker_state::left) == "left");
  CHECK(to_string(connection_state::suspended) == "suspended");
  CHECK(to_string(connection_state::reconnected) == "reconnected");
  CHECK(to_string(job_priority::low) == "low");
  CHECK(to_string(plan_rule::max_items) == "max_items");
  CHECK(to_string(item_reason::lock_of_other) == "lock_of_other");
  CHECK(enum_text(store::rc::rolled_back) == "rolled_back");
  CHECK(enum_text(store::rc::session_expired) == "session_expired");
}

TEST_CASE("every error code has a sentence of its own") {
  std::map<std::string, errc> seen;
  for (std::size_t i = 0; i < enum_names(errc{}).names.size(); ++i) {
    const auto code = static_cast<errc>(i);
    const auto text = describe(code);
    CAPTURE(text);
    CHECK(text.size() > 5);
    CHECK(text.find("unknown error code") == std::string::npos);
    CHECK(seen.emplace(text, code).second);
  }
  CHECK(describe(static_cast<errc>(99)) == "unknown error code 99");
}

TEST_CASE("every reason of an item has a sentence of its own") {
  std::map<std::string, item_reason> seen;
  for (std::size_t i = 0; i < enum_names(item_reason{}).names.size(); ++i) {
    const auto text = describe(static_cast<item_reason>(i));
    CAPTURE(text);
    CHECK(text.empty() == (i == 0));
    CHECK(seen.emplace(text, static_cast<item_reason>(i)).second);
  }
  CHECK(describe(static_cast<item_reason>(99)) == "item_reason(99)");
}

TEST_CASE("error codes keep their numbers") {
  CHECK(static_cast<int>(errc::invalid_id) == 1);
  CHECK(static_cast<int>(errc::malformed_payload) == 11);
  CHECK(static_cast<int>(errc::backlog_full) == 17);
  CHECK(static_cast<int>(errc::conflict) == 22);
  CHECK(static_cast<int>(errc::internal) == 30);
  CHECK(static_cast<int>(errc::config_mismatch) == 33);
  CHECK(static_cast<int>(errc::clock_skew) == 34);
}

TEST_CASE("an error prints code and text") {
  CHECK(to_string(error{errc::invalid_id, "why"}) == "invalid_id: why");
  CHECK(to_string(error{errc::conflict, ""}) == "conflict");
  CHECK(error{errc::conflict, "a"} != error{errc::conflict, "b"});
  CHECK(error{errc::conflict, "a"} == error{errc::conflict, "a"});
}
