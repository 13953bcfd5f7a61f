#include "actors/node/spawn_node.hpp"

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

#include <caf/actor_system.hpp>

#include "actors/env/system_env.hpp"
#include "actors/node/event_feed.hpp"
#include "actors/sessions/shared_sessions.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

namespace {

std::string host_name() {
  char buffer[256] = {};
  return gethostname(buffer, sizeof(buffer) - 1) == 0 ? std::string{buffer} : std::string{};
}

} // namespace

namespace {

/// What a node says of itself goes into one transaction; larger it would never join.
expected<void> check_size(const node_config& config) {
  constexpr std::size_t most = 256u << 10;
  store::worker_payload w;
  w.zone = config.zone;
  w.labels = config.labels;
  w.capacity = config.capacity;
  if (const auto size = store::encode(w).size(); size > most) {
    return fail(errc::invalid_config, "labels and capacity take " + std::to_string(size) +
                                        " bytes in the store; at most " + std::to_string(most) + " are possible");
  }
  return {};
}

} // namespace

expected<void> check_process() {
  return check_process_of_sessions();
}

expected<spawned_node> spawn_node_with_key(caf::actor_system& system, node_config config, node_options options) {
  if (auto ok = validate(config); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (auto ok = check_size(config); !ok) {
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
    if (options.on_event) {
      parts.feed = std::make_shared<event_feed>(std::move(options.on_event));
    }
  } catch (const std::system_error& e) {
    return fail(errc::invalid_state,
                "node \"" + config.id + "\": the system refuses the threads it needs: " + std::string{e.what()});
  }
  parts.strategies = std::move(options.strategies);
  parts.host = host_name();
  parts.pid = getpid();
  const auto* key = parts.env.get();
  auto feed = parts.feed;
  return spawned_node{spawn_node_in(system, std::move(config), std::move(parts)), key, std::move(feed)};
}

expected<node_actor> spawn_node(caf::actor_system& system, node_config config, node_options options) {
  auto node = spawn_node_with_key(system, std::move(config), std::move(options));
  if (!node) {
    return tl::make_unexpected(node.error());
  }
  return node->handle;
}

} // namespace djm
