#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "djm/error.hpp"
#include "djm/job_record.hpp"
#include "djm/node_config.hpp"
#include "zkstore/types.hpp"

/// What the keeper is told when it is built, and what it wants done: shared by its activities.
namespace djm {

struct keeper_config {
  node_config config;
  std::string incarnation;
  std::string host;
  std::int64_t pid = 0;
  std::string http_url;
  /// The kinds that this node knows: "name@version".
  std::vector<std::string> kinds = {};
  std::int64_t started_at_ms = 0;
  std::size_t max_transaction_ops = 200;
  /// This core replaces one that failed after this incarnation had joined.
  bool has_joined = false;
};

/// `alive/<node>` is ours in session `number`.
struct keeper_joined {
  std::uint64_t number;
  std::string alive_data;
};
/// It is not any more, although the session lives.
struct keeper_unjoined {};
struct keeper_start_probing {
  std::uint64_t number;
  std::string path;
};
struct keeper_stop_probing {};
struct keeper_left {};
/// What this node works with from now on: to the job's runner.
struct keeper_follow {
  followed_job what;
};
/// The pool of the job was seen for the first time, or items have come or gone since, last in transaction `at`.
struct keeper_pool_changed {
  job_id job;
  store::zxid_t at;
};
/// The job was removed: this node gives it back.
struct keeper_job_ended {
  job_id job;
  std::string why;
};
/// Final: this node cannot work here.
struct keeper_failed {
  error why;
};
/// `workers/<node>` is as transaction `found` left it, and we have written it in `seen`: the store has gone back. Said
/// again and again until this life ends.
struct keeper_read_older {
  store::zxid_t found, seen;
};

using keeper_effect = std::variant<commit_effect, read_effect, keeper_joined, keeper_unjoined, keeper_start_probing,
                                   keeper_stop_probing, keeper_left, keeper_failed, keeper_read_older, keeper_follow,
                                   keeper_job_ended, keeper_pool_changed, emit_effect, log_effect>;
using keeper_effects = std::vector<keeper_effect>;

/// What a question to the store, or a transaction, is about.
enum class keeper_topic : std::uint8_t {
  looking,
  reading_base,
  reading_root,
  reading_access,
  securing,
  writing_root,
  writing_base,
  reading_records,
  writing_records,
  looking_at_records,
  reading_pools,
  writing_pools,
  reading_registration,
  writing_registration,
  reading_sentry,
  reading_leave,
  writing_leave
};

} // namespace djm
