#include "bench/membership/server_side.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include "bench/common/meter.hpp"
#include "bench/common/must.hpp"

namespace djm::bench {

namespace {

double number_behind(const std::string& answer, const std::string& name) {
  const auto at = answer.find(name + "\t");
  if (at == std::string::npos) {
    give_up("the server does not tell " + name);
  }
  return std::strtod(answer.c_str() + at + name.size() + 1, nullptr);
}

} // namespace

server_figures look_at(test::zookeeper_server& server) {
  const auto answer = server.command("mntr");
  clockid_t clock{};
  if (!answer || clock_getcpuclockid(server.pid(), &clock) != 0) {
    give_up("the server does not answer");
  }
  return {number_behind(*answer, "zk_znode_count"), number_behind(*answer, "zk_approximate_data_size"),
          clock_seconds(clock)};
}

} // namespace djm::bench
