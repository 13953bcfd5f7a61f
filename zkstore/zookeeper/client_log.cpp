#include "zkstore/zookeeper/client_log.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "model/never_destroyed.hpp"

namespace djm::store {

namespace {

constexpr std::size_t slots = 256;
constexpr std::size_t no_slot = slots;

struct slot {
  std::mutex mutex;
  bool taken = false;
  log_sink sink;
  line_limiter limiter;
};

struct slot_table {
  std::mutex mutex;
  std::array<slot, slots> all;
};

// Threads of the client may log while the process ends.
slot_table& table() {
  static impl::never_destroyed<slot_table> instance;
  return *instance;
}

void write(slot& s, const char* message) {
  const std::lock_guard guard{s.mutex};
  if (!s.sink) {
    return;
  }
  auto record = parse_client_line(message);
  // The only clock here; it decides nothing but how much is written.
  const bool may = s.limiter.may_say(record.text, std::chrono::steady_clock::now());
  if (const auto n = s.limiter.left_out(); n > 0) {
    s.sink({log_level::info, {}, "zookeeper", fmt::format("{} more lines of the client left out", n), {}, {}});
  }
  if (may) {
    s.sink(record);
  }
}

void drop(const char*) {}

template <std::size_t I>
void into_slot(const char* message) {
  write(table().all[I], message);
}

template <std::size_t... I>
constexpr std::array<log_callback_fn, sizeof...(I)> make_callbacks(std::index_sequence<I...>) {
  return {into_slot<I>...};
}

constexpr auto callbacks = make_callbacks(std::make_index_sequence<slots>{});

// What differs by numbers alone (times, ports, thread ids) is of one kind.
std::string kind_of(std::string_view text) {
  std::string kind;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      kind.push_back(c);
    }
  }
  return kind;
}

} // namespace

bool line_limiter::may_say(std::string_view text, time now) {
  if (now >= until_) {
    until_ = now + window;
    untold_ += std::exchange(left_out_, 0);
    seen_.clear();
  }
  auto kind = kind_of(text);
  const bool may = seen_.count(kind) == 0 && seen_.size() < most;
  if (may) {
    seen_.insert(std::move(kind));
  } else {
    ++left_out_;
  }
  return may;
}

std::uint64_t line_limiter::left_out() {
  return std::exchange(untold_, 0);
}

client_log::client_log(log_sink sink) : slot_{no_slot} {
  static std::once_flag once;
  std::call_once(once, [] { zoo_set_debug_level(ZOO_LOG_LEVEL_WARN); });
  if (!sink) {
    return;
  }
  auto& t = table();
  const std::lock_guard guard{t.mutex};
  const auto i = std::find_if(t.all.begin(), t.all.end(), [](const slot& s) { return !s.taken; });
  if (i == t.all.end()) {
    return;
  }
  slot_ = static_cast<std::size_t>(i - t.all.begin());
  i->taken = true;
  const std::lock_guard inner{i->mutex};
  i->sink = std::move(sink);
  i->limiter = {};
}

client_log::~client_log() {
  if (slot_ == no_slot) {
    return;
  }
  auto& t = table();
  auto& s = t.all[slot_];
  log_sink dropped;
  {
    const std::lock_guard inner{s.mutex};
    dropped = std::move(s.sink);
    s.sink = nullptr;
    s.limiter = {};
  }
  const std::lock_guard guard{t.mutex};
  s.taken = false;
}

log_callback_fn client_log::callback() const noexcept {
  return slot_ == no_slot ? drop : callbacks[slot_];
}

log_record parse_client_line(std::string_view line) {
  const auto level = line.find(":ZOO_ERROR@") != std::string_view::npos ? log_level::warning : log_level::info;
  if (const auto mark = line.find(":ZOO_"); mark != std::string_view::npos) {
    if (const auto text = line.find(": ", mark); text != std::string_view::npos) {
      line.remove_prefix(text + 2);
    }
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  return {level, {}, "zookeeper", std::string{line}, {}, {}};
}

} // namespace djm::store
