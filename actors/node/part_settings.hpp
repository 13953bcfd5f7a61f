#pragma once

#include <string>
#include <vector>

#include "actors/deployer/deployer_core.hpp"
#include "actors/election/election_core.hpp"
#include "actors/job_runner/job_runner_core.hpp"
#include "actors/keeper/keeper_core.hpp"
#include "actors/manager/manager_core.hpp"
#include "actors/node/admin_core.hpp"
#include "actors/node/supervisor_core.hpp"
#include "actors/worker/worker_core.hpp"
#include "djm/node_config.hpp"

namespace djm {

/// One life of one node.
struct node_identity {
  node_config config;
  std::string incarnation;
  std::string host;
  std::int64_t pid = 0;
  std::string http_url;
  /// As its registration names them: "name@version".
  std::vector<std::string> kinds = {};
};

/// What each core takes over from the node it belongs to. What changes from start to start (times, numbers) stays for
/// the caller to fill in.
keeper_core::settings keeper_settings(const node_identity& n);
election_core::settings election_settings(const node_identity& n);
manager_core::settings manager_settings(const node_identity& n);
worker_core::settings worker_settings(const node_identity& n);
job_runner_core::settings runner_settings(const node_identity& n, const job_spec& spec);
deployer_core::settings deployer_settings(const node_identity& n);
admin_core::settings admin_settings(const node_identity& n);
supervisor_core::settings supervisor_settings(const node_identity& n);

} // namespace djm
