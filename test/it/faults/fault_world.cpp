#include "fault_world.hpp"

#include <cstdlib>
#include <stdexcept>

namespace djm::test {

fault_world& fault_world::instance() {
  static fault_world world;
  return world;
}

fault_world::fault_world() {
  std::vector<server_place> places(servers);
  if (std::getenv("DJM_FAULTS_PROXY") == nullptr && net_lab::available()) {
    net_.emplace(servers + most_nodes);
    for (std::size_t i = 0; i < servers; ++i) {
      places[i] = {net_->address(i), net_->name(i)};
    }
  }
  ensemble_ = std::make_unique<zookeeper_ensemble>(places, server_settings{});
}

std::vector<std::unique_ptr<tcp_proxy>>& fault_world::proxies_of(std::size_t node) {
  auto& all = proxies_.at(node);
  for (std::size_t i = all.size(); i < servers; ++i) {
    auto& s = (*ensemble_)[i];
    all.push_back(std::make_unique<tcp_proxy>(s.address(), s.port()));
  }
  return all;
}

std::string fault_world::namespace_of(std::size_t node, bool over_proxies) const {
  return net_ && !over_proxies ? net_->name(servers + node) : std::string{};
}

std::string fault_world::connect_string_of(std::size_t node, bool over_proxies) {
  if (net_ && !over_proxies) {
    return connect_string();
  }
  std::string all;
  for (auto& p : proxies_of(node)) {
    all += (all.empty() ? "" : ",") + p->connect_string();
  }
  return all;
}

void fault_world::cut_node(std::size_t node) {
  if (net_) {
    net_->block(servers + node);
  }
  for (auto& p : proxies_.at(node)) {
    p->lose(flow::to_server);
    p->lose(flow::to_client);
  }
}

void fault_world::heal_node(std::size_t node) {
  if (net_) {
    net_->unblock(servers + node);
  }
  for (auto& p : proxies_.at(node)) {
    p->heal();
  }
}

void fault_world::slow_node(std::size_t node, milliseconds each_way) {
  for (auto& p : proxies_of(node)) {
    p->delay(flow::to_server, each_way);
    p->delay(flow::to_client, each_way);
  }
}

void fault_world::cut_server(std::size_t server) {
  if (net_) {
    net_->block(server);
    return;
  }
  for (auto& all : proxies_) {
    if (!all.empty()) {
      all[server]->lose(flow::to_server);
      all[server]->lose(flow::to_client);
    }
  }
}

void fault_world::cut_server_from_peers(std::size_t server) {
  if (!net_) {
    throw std::runtime_error("needs network namespaces");
  }
  for (std::size_t i = 0; i < servers; ++i) {
    if (i != server) {
      net_->cut(server, i);
    }
  }
}

void fault_world::heal_server(std::size_t server) {
  if (net_) {
    net_->unblock(server);
    net_->heal_cuts();
    return;
  }
  for (auto& all : proxies_) {
    if (!all.empty()) {
      all[server]->heal();
    }
  }
}

bool fault_world::servers_serve() {
  for (std::size_t i = 0; i < servers; ++i) {
    if (!(*ensemble_)[i].mode()) {
      return false;
    }
  }
  return true;
}

void fault_world::await_servers() {
  for (std::size_t i = 0; i < servers; ++i) {
    auto& s = (*ensemble_)[i];
    if (!s.wait_ready(std::chrono::seconds{60})) {
      throw std::runtime_error("a server does not come back; its log:\n" + s.log());
    }
  }
}

std::string fault_world::fresh_root() {
  return "/faults-" + std::to_string(++roots_);
}

} // namespace djm::test
