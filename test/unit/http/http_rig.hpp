#pragma once

#include <memory>
#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include "http/http_core.hpp"

/// A server without a socket: a cluster of two nodes, and requests to one of them.
namespace djm::http::test {

inline cluster_view small_cluster() {
  cluster_view c;
  c.leader = "node-1";
  c.epoch = (std::int64_t{1} << 53) + 1;
  worker_view one;
  one.id = "node-1";
  one.state = worker_state::alive;
  one.jobs = {job_id{"mail"}};
  auto two = one;
  two.id = "node-2";
  worker_view three;
  three.id = "node-3";
  three.state = worker_state::gone;
  c.workers = {one, two, three};
  job_view mail;
  mail.id = "mail";
  mail.items = {{item_id{"asia"}, node_id{"node-1"}, node_id{"node-1"}, 9'007'199'254'740'993, "", item_reason::none},
                {item_id{"eu"}, node_id{"node-2"}, node_id{"node-1"}, 12, "held", item_reason::lock_of_other},
                {item_id{"us"}, node_id{"node-2"}, node_id{}, 0, "", item_reason::not_locked},
                {item_id{"zz"}, node_id{}, node_id{}, 0, "no place", item_reason::not_planned}};
  job_view off;
  off.id = "mail-2";
  off.enabled = false;
  off.paused = true;
  off.rev = 3;
  c.jobs = {mail, off};
  c.candidates = {node_id{"node-1"}, node_id{"node-2"}};
  return c;
}

inline node_status healthy_node() {
  node_status s;
  s.node = "node-1";
  s.state = node_lifecycle::running;
  s.ready = true;
  s.store.phase = session_phase::connected;
  s.worker.joined = true;
  s.election.leader = "node-1";
  s.election.role = election_role::leading;
  return s;
}

struct site {
  core_settings settings;
  material from;
  event_ring events{"life", {}};

  site() {
    settings.node = "node-1";
    settings.gate.node = "node-1";
    settings.gate.hosts = {"localhost"};
    settings.assets = {{"", "text/html; charset=utf-8", "<!doctype html>"}, {"app.js", "text/javascript", "1"}};
    from.status = std::make_shared<node_status>(healthy_node());
    from.cluster = std::make_shared<cluster_view>(small_cluster());
  }

  static request ask(verb how, std::string target, std::string body = {}) {
    request r;
    r.how = how;
    r.target = std::move(target);
    r.headers = {{"Host", "localhost:8080"}, {"Accept", "application/json"}};
    if (!body.empty()) {
      r.headers.emplace_back("Content-Type", "application/json");
    }
    r.body = std::move(body);
    r.peer = "127.0.0.1";
    return r;
  }

  /// The answer, or the order that the node would be given.
  std::variant<answer, order> result_of(const request& r) const {
    const http_core core{settings};
    auto arrived = core.arrive(r);
    if (auto* a = std::get_if<answer>(&arrived)) {
      return core.leave(nullptr, *a);
    }
    const auto& c = std::get<call>(arrived);
    auto done = core.conclude(c, from, events);
    if (auto* a = std::get_if<answer>(&done)) {
      return core.leave(&c, *a);
    }
    return done;
  }
  answer answer_to(const request& r) const {
    auto x = result_of(r);
    auto* a = std::get_if<answer>(&x);
    return a != nullptr ? *a : answer{-1, {}, "an order", {}, {}, false, 0};
  }
  answer get(std::string target) const { return answer_to(ask(verb::get, std::move(target))); }
};

inline nlohmann::json json_of(const answer& a) {
  return nlohmann::json::parse(a.body);
}
inline std::string header_in(const answer& a, std::string_view name) {
  for (const auto& [n, value] : a.headers) {
    if (same_word(n, name)) {
      return value;
    }
  }
  return {};
}

} // namespace djm::http::test
