#include "zkstore/zookeeper/client_log.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <zookeeper/zookeeper.h>

#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm::store {

namespace {

constexpr std::uint32_t burst = 20;
constexpr std::chrono::seconds window{10};

struct log_state {
  std::mutex mutex;
  log_sink sink;
  std::chrono::steady_clock::time_point window_start{};
  std::uint32_t passed = 0;
  std::uint64_t left_out = 0;
};

// Never destroyed: threads of the client may log while the process ends.
log_state& state() {
  static auto* instance = new log_state;
  return *instance;
}

log_record make_record(log_level level, std::string text) {
  return {level, {}, "zookeeper", std::move(text), {}};
}

// The client writes "<date>:<pid>(<thread>):ZOO_WARN@<function>@<line>: <text>".
log_record parse(std::string_view message) {
  auto level = log_level::warning;
  if (message.find(":ZOO_ERROR@") != std::string_view::npos)
    level = log_level::error;
  if (auto mark = message.find(":ZOO_"); mark != std::string_view::npos)
    if (auto text = message.find(": ", mark); text != std::string_view::npos)
      message.remove_prefix(text + 2);
  while (!message.empty() && (message.back() == '\n' || message.back() == ' '))
    message.remove_suffix(1);
  return make_record(level, std::string{message});
}

} // namespace

void set_zookeeper_log(log_sink sink) {
  std::lock_guard<std::mutex> guard{state().mutex};
  state().sink = std::move(sink);
  state().passed = 0;
  state().left_out = 0;
}

void prepare_client_log() {
  static std::once_flag once;
  std::call_once(once, [] { zoo_set_debug_level(ZOO_LOG_LEVEL_WARN); });
}

void on_client_log(const char* message) {
  auto& log = state();
  std::lock_guard<std::mutex> guard{log.mutex};
  if (!log.sink)
    return;
  // The only clock in this folder; it decides nothing but how much is written.
  auto now = std::chrono::steady_clock::now();
  if (now - log.window_start >= window) {
    if (log.left_out > 0)
      log.sink(make_record(log_level::warning, fmt::format("{} messages of the client left out", log.left_out)));
    log.window_start = now;
    log.passed = 0;
    log.left_out = 0;
  }
  if (log.passed == burst)
    ++log.left_out;
  else {
    ++log.passed;
    log.sink(parse(message));
  }
}

} // namespace djm::store
