#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "djm/http.hpp"
#include "test/actor/facade_rig.hpp"
#include "test/support/http_client.hpp"

namespace djm::test {

/// A node with one job, and its server.
struct served {
  run_watch runs;
  std::optional<node> n;
  std::optional<http_server> server;

  explicit served(const std::string& root, http_config config = {}, http_options options = {}) {
    auto started = node::start(at_root("one", root), silent());
    REQUIRE(started);
    n.emplace(std::move(*started));
    REQUIRE(n->register_job(*watched("work", {"a", "b"}, runs).build()));
    auto s = http_server::start(*n, std::move(config), std::move(options));
    REQUIRE_MESSAGE(s, to_string(s.error()));
    server.emplace(std::move(*s));
  }
  http_reply get(std::string_view target, const std::vector<std::string>& headers = {}) const {
    return ask_http(server->port(), "GET", target, {}, headers);
  }
  bool eventually_ok(std::string_view target) const {
    return eventually([&] { return get(target).status == 200; });
  }
};

} // namespace djm::test
