#include "actors/node/spawn_node.hpp"

#include <unistd.h>

#include <limits>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/common/shell.hpp"
#include "actors/env/system_env.hpp"
#include "actors/node/admission.hpp"
#include "actors/node/event_feed.hpp"
#include "actors/node/report_feed.hpp"
#include "actors/sessions/shared_sessions.hpp"
#include "model/connect_string.hpp"
#include "model/text.hpp"
#include "model/web_address.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/shared_settings.hpp"
#include "zkstore/tree/submissions.hpp"

namespace djm {

namespace {

std::string host_name() {
  char buffer[256] = {};
  return gethostname(buffer, sizeof(buffer) - 1) == 0 ? std::string{buffer} : std::string{};
}

} // namespace

namespace {

/// What a node says of itself goes into one transaction; larger it would never join.
expected<void> check_size(const node_config& config, const std::vector<job_kind>& kinds) {
  constexpr std::size_t most = 256u << 10;
  store::worker_payload w;
  w.zone = config.zone;
  w.labels = config.labels;
  w.capacity = config.capacity;
  w.shared = store::shared_settings(config);
  for (const auto& k : kinds) {
    w.kinds.push_back(store::name_of_kind(k.name, k.version));
  }
  if (const auto size = store::encode(w).size(); size > most) {
    return fail(errc::invalid_config, "labels, capacity and kinds take " + std::to_string(size) +
                                        " bytes in the store; at most " + std::to_string(most) + " are possible");
  }
  return {};
}

/// Others follow it, so that it has to be one.
expected<void> check_http_url(const std::string& url) {
  if (!url.empty() && !impl::parse_web_address(url)) {
    return fail(errc::invalid_config,
                "node_options::http_url is " + impl::quote(url) + "; it must be " + impl::web_address_rule);
  }
  return {};
}

expected<void> check_kinds(const std::vector<job_kind>& kinds) {
  std::set<std::string> seen;
  for (const auto& k : kinds) {
    const auto which = "node_options::kinds: " + impl::quote(k.name);
    if (!is_valid_id(k.name) || k.name.size() > max_kind_name) {
      return fail(errc::invalid_config,
                  which + " must follow the rule of ids, and have at most " + std::to_string(max_kind_name) + " bytes");
    }
    if (k.version < 1 || k.version > std::numeric_limits<std::int32_t>::max()) {
      return fail(errc::invalid_config, which + " has version " + std::to_string(k.version) +
                                          "; it must be from 1 to " +
                                          std::to_string(std::numeric_limits<std::int32_t>::max()));
    }
    if (!k.make) {
      return fail(errc::invalid_config, which + " has no function that makes a job");
    }
    if (!seen.insert(k.name).second) {
      return fail(errc::invalid_config, which + " is there twice");
    }
  }
  return {};
}

/// What a registration would complain of.
expected<void> check_jobs(const std::vector<job_definition>& jobs, const node_config& config, const node_env& env) {
  std::set<job_id> seen;
  for (const auto& j : jobs) {
    if (auto ok = check_admission(j.spec, config); !ok) {
      return ok;
    }
    if (!j.code) {
      return fail(errc::invalid_config, "job \"" + j.spec.id + "\" has no code");
    }
    if (!seen.insert(j.spec.id).second) {
      return fail(errc::duplicate_job, "job \"" + j.spec.id + "\" is in node_options::jobs twice");
    }
    if (auto table = table_of(j.spec.schedule, env); !table) {
      return fail(table.error().code, "job \"" + j.spec.id + "\": schedule: " + table.error().text);
    }
  }
  return {};
}

/// What hears the events of the node; empty: nobody does.
event_listener listener_of(node_options& options) {
  if (!options.on_restart_wanted) {
    return std::move(options.on_event);
  }
  return [on_event = std::move(options.on_event), restart = std::move(options.on_restart_wanted)](const node_event& e) {
    if (on_event) {
      on_event(e);
    }
    if (const auto* x = std::get_if<restart_wanted>(&e.what)) {
      restart(*x);
    }
  };
}

expected<void> check_reports(const node_options& options) {
  constexpr duration least = std::chrono::seconds{1};
  constexpr duration most = std::chrono::hours{1};
  if (options.reporter && (options.report_period < least || options.report_period > most)) {
    return fail(errc::invalid_config, "node_options::report_period is " + describe_duration(options.report_period) +
                                        "; it must be from 1s to 1h");
  }
  return {};
}

/// The reporter has started, or goes on starting beside the node.
std::shared_ptr<report_feed> start_reports(std::shared_ptr<metrics_reporter> to, const node_id& node,
                                           const std::shared_ptr<node_env>& env) {
  constexpr std::chrono::seconds patience{1};
  auto complain = [weak = std::weak_ptr<node_env>{env}](const std::string& text) {
    if (const auto e = weak.lock()) {
      e->log({log_level::warning, {}, "reporter", text, {}});
    }
  };
  auto feed = std::make_shared<report_feed>(std::move(to), node, std::move(complain));
  if (!feed->wait_started(patience)) {
    env->log({log_level::warning, {}, "reporter", "the reporter of metrics has not started within 1s", {}});
  }
  return feed;
}

/// As those who talk to the store write it: servers with their ports, one path.
void settle_place(store_config& store) {
  if (auto place = impl::place_of_store(store.connect)) {
    store.connect = std::move(place->servers);
    store.root = impl::join_paths(place->chroot, store.root);
  }
}

} // namespace

expected<void> check_process() {
  return check_process_of_sessions();
}

expected<spawned_node> spawn_node_with_key(caf::actor_system& system, node_config config, node_options options) {
  if (auto ok = validate(config); !ok) {
    return tl::make_unexpected(ok.error());
  }
  settle_place(config.store);
  if (auto ok = check_reports(options); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (auto ok = check_kinds(options.kinds); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (auto ok = check_size(config, options.kinds); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (auto ok = check_http_url(options.http_url); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (!init_caf_types()) {
    return fail(errc::invalid_state,
                "CAF does not know djm's types and takes no more, because an actor system existed when djm was loaded; "
                "the program has to link djm and call djm::init_caf_types() before it makes its first actor system");
  }
  auto sessions = shared_sessions(config.store.connect);
  if (!sessions) {
    return tl::make_unexpected(sessions.error());
  }
  system_env_options env;
  env.node = config.id;
  env.sessions = *std::move(sessions);
  env.threads.max_threads = config.max_threads;
  env.log = options.log;
  env.abort_on_overrun = config.abort_on_overrun;
  if (options.on_run_over) {
    env.history.push_back(std::move(options.on_run_over));
  }
  if (!options.history_file.path.empty()) {
    auto lines = json_lines(options.history_file);
    if (!lines) {
      return tl::make_unexpected(lines.error());
    }
    env.history.push_back(*std::move(lines));
  }
  node_parts parts;
  try {
    parts.env = std::make_shared<system_env>(std::move(env));
    if (auto ok = check_jobs(options.jobs, config, *parts.env); !ok) {
      return tl::make_unexpected(ok.error());
    }
    if (auto listener = listener_of(options)) {
      parts.feed = std::make_shared<event_feed>(std::move(listener));
    }
    if (options.reporter) { // last, because nothing can fail after it: who is started is told how the node ends
      parts.reports = start_reports(std::move(options.reporter), config.id, parts.env);
      parts.report_period = options.report_period;
    }
  } catch (const std::system_error& e) {
    return fail(errc::invalid_state,
                "node \"" + config.id + "\": the system refuses the threads it needs: " + std::string{e.what()});
  }
  parts.jobs = std::move(options.jobs);
  parts.kinds = std::make_shared<const std::vector<job_kind>>(std::move(options.kinds));
  parts.strategies = std::move(options.strategies);
  parts.host = host_name();
  parts.pid = getpid();
  parts.http_url = std::move(options.http_url);
  const auto* key = parts.env.get();
  auto feed = parts.feed;
  auto reports = parts.reports;
  return spawned_node{spawn_node_in(system, std::move(config), std::move(parts)), key, std::move(feed),
                      std::move(reports)};
}

expected<node_actor> spawn_node(caf::actor_system& system, node_config config, node_options options) {
  auto node = spawn_node_with_key(system, std::move(config), std::move(options));
  if (!node) {
    return tl::make_unexpected(node.error());
  }
  return node->handle;
}

} // namespace djm
