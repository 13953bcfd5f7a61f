#include "shared_server.hpp"

namespace djm::test {

zookeeper_server& shared_server() {
  static zookeeper_server instance{server_settings{std::chrono::milliseconds{200}}};
  return instance;
}

store::session_options options_for(const zookeeper_server& server, duration timeout) {
  return {server.connect_string(), timeout, {}};
}

std::string fresh_path() {
  static int count = 0;
  return "/node-" + std::to_string(++count);
}

} // namespace djm::test
