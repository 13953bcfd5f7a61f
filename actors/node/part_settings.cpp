#include "actors/node/part_settings.hpp"

namespace djm {

namespace {

/// The members that most settings share, under the same names.
template <class Settings>
Settings settings_of(const node_identity& n) {
  Settings s;
  s.node = n.config.id;
  s.incarnation = n.incarnation;
  s.root = n.config.store.root;
  s.backoff_min = n.config.backoff_min;
  s.backoff_max = n.config.backoff_max;
  return s;
}

} // namespace

keeper_core::settings keeper_settings(const node_identity& n) {
  keeper_core::settings s;
  s.config = n.config;
  s.incarnation = n.incarnation;
  s.host = n.host;
  s.pid = n.pid;
  s.http_url = n.http_url;
  s.kinds = n.kinds;
  return s;
}

election_core::settings election_settings(const node_identity& n) {
  auto s = settings_of<election_core::settings>(n);
  s.stands = n.config.role != node_role::worker;
  return s;
}

manager_core::settings manager_settings(const node_identity& n) {
  auto s = settings_of<manager_core::settings>(n);
  s.debounce = n.config.rebalance_debounce;
  s.max_wait = n.config.rebalance_max_wait;
  s.sweep_period = n.config.sweep_period;
  s.clean_period = n.config.clean_period;
  s.strategy_timeout = n.config.strategy_timeout;
  s.flap_patience = 8 * (n.config.sweep_period + n.config.detach_tolerance);
  if (n.config.max_moves > 0) {
    s.planning.max_moves = n.config.max_moves;
  }
  if (n.config.max_moves_per_worker > 0) {
    s.planning.max_moves_per_worker = n.config.max_moves_per_worker;
  }
  return s;
}

worker_core::settings worker_settings(const node_identity& n) {
  auto s = settings_of<worker_core::settings>(n);
  s.detach_tolerance = n.config.detach_tolerance;
  s.stop_grace = n.config.stop_grace;
  s.state_patience = n.config.store.operation_deadline;
  s.max_clock_skew = n.config.max_clock_skew;
  return s;
}

job_runner_core::settings runner_settings(const node_identity& n, const job_spec& spec) {
  job_runner_core::settings s;
  s.spec = spec;
  s.node = n.config.id;
  s.stop_grace = n.config.stop_grace;
  s.backoff_min = n.config.backoff_min;
  s.backoff_max = n.config.backoff_max;
  return s;
}

deployer_core::settings deployer_settings(const node_identity& n) {
  return settings_of<deployer_core::settings>(n);
}

admin_core::settings admin_settings(const node_identity& n) {
  auto s = settings_of<admin_core::settings>(n);
  s.patience = n.config.registration_timeout;
  s.backlog_limit = n.config.backlog_limit;
  return s;
}

supervisor_core::settings supervisor_settings(const node_identity& n) {
  supervisor_core::settings s;
  s.backoff_min = n.config.backoff_min;
  s.backoff_max = n.config.backoff_max;
  s.stop_timeout = n.config.stop_timeout;
  s.operation_deadline = n.config.store.operation_deadline;
  s.deploys = !n.kinds.empty();
  return s;
}

} // namespace djm
