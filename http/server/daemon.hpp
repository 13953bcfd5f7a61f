#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "djm/http.hpp"
#include "http/event_ring.hpp"
#include "http/http_core.hpp"
#include "http/server/bridge.hpp"
#include "http/server/exchange.hpp"
#include "http/server/listen.hpp"
#include "http/server/outside.hpp"

namespace djm::http {

/// libmicrohttpd and its one thread, with a second one that only wakes who follows the events now and then. Handlers
/// never wait: they suspend their connection, and whoever has the answer resumes it.
class daemon : public std::enable_shared_from_this<daemon> {
public:
  daemon(http_config config, http_options options, std::shared_ptr<bridge> to, core_settings settings, event_ring ring);
  ~daemon();
  daemon(const daemon&) = delete;
  daemon& operator=(const daemon&) = delete;

  expected<void> start(listener l);
  void stop();
  void on_event(const node_event& e);
  /// Events may be missing from here on: who follows them is told of a gap.
  void on_lost();
  http_status status() const;

  // -- what libmicrohttpd calls, on its thread --
  MHD_Result handle(const std::shared_ptr<exchange>& x, const char* method, const char* data, std::size_t* size);
  ssize_t read_events(exchange& x, char* to, std::size_t most);
  void done(const std::shared_ptr<exchange>& x);

private:
  MHD_Result go_on(const std::shared_ptr<exchange>& x);
  std::optional<answer> look_at(exchange& x);
  void ask(const std::shared_ptr<exchange>& x);
  std::optional<answer> conclude(const std::shared_ptr<exchange>& x, material from);
  MHD_Result send(const std::shared_ptr<exchange>& x, answer a);
  MHD_Result stream(const std::shared_ptr<exchange>& x, answer a);
  MHD_Result put(const exchange& x, const answer& a, MHD_Response* response);
  answer stopping() const;
  std::uint64_t heartbeat_seconds() const;
  void note_write(const exchange& x, int status);
  void live();

  // -- under the lock --
  void resume(const std::shared_ptr<exchange>& x);
  void wake_followers(bool all);

  const http_config config_;
  const http_options options_;
  const std::shared_ptr<bridge> to_;
  const http_core core_;
  std::unique_ptr<outside> outside_; ///< null: no client was given
  MHD_Daemon* mhd_ = nullptr;
  mutable std::mutex guard_; ///< of what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  http_status counters_;
  event_ring events_;
  std::set<std::shared_ptr<exchange>> followers_;
  std::set<std::shared_ptr<exchange>> suspended_;
  std::uint64_t seconds_ = 0; ///< that the server has lived
  std::thread beater_;
};

} // namespace djm::http
