#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zkstore/session_core.hpp"

namespace doctest {

template <>
struct StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) {
      text += "\n    " + line;
    }
    return text.c_str();
  }
};

} // namespace doctest

namespace djm::store::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline std::string to_text(const write_op& op) {
  if (auto* x = std::get_if<check_op>(&op)) {
    return "check " + x->path;
  }
  if (auto* x = std::get_if<create_op>(&op)) {
    return "create " + x->path;
  }
  if (auto* x = std::get_if<set_op>(&op)) {
    return "set " + x->path;
  }
  return "remove " + std::get<remove_op>(op).path;
}

inline std::string to_text(const raw_request& request) {
  if (auto* read = std::get_if<read_op>(&request)) {
    return enum_text(read->kind) + " " + read->path + (read->watch ? " watch" : "");
  }
  std::string result;
  for (const auto& op : std::get<transaction>(request).ops) {
    result += (result.empty() ? "" : ", ") + to_text(op);
  }
  return "{" + result + "}";
}

inline std::string to_text(const commit_outcome& outcome) {
  if (auto* x = std::get_if<committed>(&outcome)) {
    return "committed " + std::to_string(x->zxid);
  }
  if (auto* x = std::get_if<conflict>(&outcome)) {
    return "conflict " + std::to_string(x->index) + " " + to_string(x->code);
  }
  if (auto* x = std::get_if<rejected>(&outcome)) {
    return "rejected " + to_string(x->why.code);
  }
  return std::holds_alternative<unknown>(outcome) ? "unknown" : "session_lost";
}

/// Feeds a session core and writes down what it does, one line per effect. Times are told relative to the start. Timers
/// are kept apart; `pass` lets them come.
class core_script {
public:
  using lines = std::vector<std::string>;

  explicit core_script(session_limits limits = {}) : core(std::move(limits)) {}

  /// What was done since the last call.
  lines take() { return std::exchange(lines_, {}); }

  lines open() { return run(core.open(now)); }
  lines close() { return run(core.close(now)); }
  lines commit(std::uint64_t request, std::vector<write_op> ops, std::uint32_t client = 1) {
    return run(core.commit({client, request}, core.view().number, transaction{std::move(ops)}, now));
  }
  lines set(std::uint64_t request, const std::string& path = "/a") {
    return commit(request, {set_op{path, "x", any_version}});
  }
  lines read(std::uint64_t request, std::vector<read_op> reads, bool fresh = false, std::uint32_t client = 1) {
    return run(core.read({client, request}, std::move(reads), fresh, now));
  }
  lines link(link_state state, session_id_t session = 100, duration timeout = seconds{9}, std::uint64_t handle = 0) {
    return run(core.on_raw(handle ? handle : last_handle, raw_link{state, session, timeout}, now, entropy));
  }
  lines link_failed(error why) {
    return run(
      core.on_raw(last_handle, raw_link{link_state::failed, 0, duration::zero(), std::move(why)}, now, entropy));
  }
  lines done(op_id_t id, rc code = rc::ok, std::vector<op_result> results = {}, std::uint64_t handle = 0) {
    raw_completion c;
    c.id = id;
    c.code = code;
    c.results = std::move(results);
    return run(core.on_raw(handle ? handle : last_handle, std::move(c), now, entropy));
  }
  lines event(watch_kind kind, std::string path) {
    return run(core.on_raw(last_handle, raw_watch{{kind, std::move(path)}}, now, entropy));
  }
  lines forget(std::uint32_t client) { return run(core.forget(client, now)); }
  lines probe(std::uint64_t number, std::string path = "/alive/w") {
    return run(core.start_probing(number, std::move(path), now));
  }
  lines open_failed(std::string why) {
    return run(core.on_open_failed(last_handle, {errc::invalid_connect_string, std::move(why)}, now, entropy));
  }

  /// Opens and connects; forgets the lines about it.
  void connect(duration timeout = seconds{9}) {
    open();
    link(link_state::connected, 100, timeout);
    take();
  }

  /// Lets time go by; timers come at their time. A core that arms timers without end fails the test.
  lines pass(duration d) {
    const auto until = now + d;
    lines result;
    for (int n = 0; timer && timer->at <= until; ++n) {
      REQUIRE_MESSAGE(n < 10'000, "the core arms one timer after the other");
      const auto t = *timer;
      timer.reset();
      now = std::max(now, t.at);
      for (auto& line : run(core.on_timer(t.generation, now))) {
        result.push_back(std::move(line));
      }
    }
    now = until;
    return result;
  }

  std::string at(time_point t) const { return format_duration(t - start); }

  session_core core;
  time_point start{seconds{1000}};
  time_point now = start;
  std::uint64_t entropy = 0;
  std::uint64_t last_handle = 0;
  std::uint64_t last_scout = 0;
  std::optional<session_core::arm_timer> timer;

private:
  lines run(session_core::effects effects) {
    lines result;
    for (auto& effect : effects) {
      auto line = to_line(effect);
      if (!line.empty()) {
        result.push_back(std::move(line));
      }
    }
    lines_.insert(lines_.end(), result.begin(), result.end());
    return result;
  }

  std::string to_line(session_core::effect& effect) {
    if (auto* x = std::get_if<session_core::open_handle>(&effect)) {
      last_handle = x->handle;
      return "open " + std::to_string(x->handle);
    }
    if (auto* x = std::get_if<session_core::close_handle>(&effect)) {
      return "close " + std::to_string(x->handle);
    }
    if (auto* x = std::get_if<session_core::submit>(&effect)) {
      return "send " + std::to_string(x->id) + " " + to_text(x->request);
    }
    if (auto* x = std::get_if<session_core::commit_done>(&effect)) {
      return "commit " + std::to_string(x->to.request) + ": " + to_text(x->outcome);
    }
    if (auto* x = std::get_if<session_core::read_done>(&effect)) {
      auto line = "read " + std::to_string(x->to.request) + ": " + enum_text(x->outcome.status);
      for (const auto& r : x->outcome.results) {
        line += " " + to_string(r.code) + (r.watched ? "+watch" : "");
      }
      return line;
    }
    if (auto* x = std::get_if<session_core::watch_fired>(&effect)) {
      std::string clients;
      for (const auto c : x->clients) {
        clients += (clients.empty() ? "" : ",") + std::to_string(c);
      }
      return "watch " + clients + ": " + enum_text(x->event.kind) + " " + x->event.path;
    }
    if (auto* x = std::get_if<session_core::session_changed>(&effect)) {
      return to_string(x->view.phase) + " #" + std::to_string(x->view.number) + " connects " +
             std::to_string(x->view.connects);
    }
    if (auto* x = std::get_if<session_core::contact_advanced>(&effect)) {
      return "contact #" + std::to_string(x->number) + " " + at(x->contact);
    }
    if (auto* x = std::get_if<session_core::probe_failed>(&effect)) {
      return "probe_failed #" + std::to_string(x->number);
    }
    if (auto* x = std::get_if<session_core::report>(&effect)) {
      return "report " + x->why.text;
    }
    if (std::holds_alternative<session_core::report_over>(effect)) {
      return "over";
    }
    if (auto* x = std::get_if<session_core::scout>(&effect)) {
      return last_scout = x->number, "scout " + std::to_string(x->handle);
    }
    if (auto* x = std::get_if<session_core::went_back>(&effect)) {
      return "went back from " + std::to_string(x->seen) + " to " + std::to_string(x->found);
    }
    timer = std::get<session_core::arm_timer>(effect);
    return {};
  }

  lines lines_;
};

} // namespace djm::store::test
