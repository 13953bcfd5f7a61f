#include "bench/common/bare_session.hpp"

#include <chrono>
#include <future>
#include <utility>
#include <variant>

#include "bench/common/must.hpp"

namespace djm::bench {

bare_session::bare_session(const std::string& connect, std::function<void(store::raw_completion)> completed) {
  auto connected = std::make_shared<std::promise<void>>();
  store::session_options options;
  options.servers = connect;
  auto opened = factory_.open(options, [connected, f = std::move(completed)](store::raw_event e) {
    if (auto* done = std::get_if<store::raw_completion>(&e)) {
      f(std::move(*done));
    } else if (const auto* l = std::get_if<store::raw_link>(&e); l && l->state == store::link_state::connected) {
      connected->set_value();
    }
  });
  if (!opened || connected->get_future().wait_for(std::chrono::seconds{10}) != std::future_status::ready) {
    give_up("no connection to " + connect);
  }
  port_ = std::move(*opened);
}

std::string read_node(const std::string& connect, const std::string& path) {
  std::promise<std::string> data;
  bare_session s{connect, [&data](const store::raw_completion& c) { data.set_value(c.read.data); }};
  s.submit(1, store::get(path));
  return data.get_future().get();
}

} // namespace djm::bench
