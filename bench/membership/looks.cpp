#include "bench/membership/looks.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/common/meter.hpp"
#include "bench/common/must.hpp"
#include "djm/client.hpp"
#include "djm/json.hpp"

namespace djm::bench {

namespace {

template <class F>
void print_look(const char* what, F look) {
  constexpr std::size_t rounds = 5;
  std::vector<double> walls, processors;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto before = used_so_far();
    const auto answer = look();
    const auto used = used_so_far() - before;
    walls.push_back(used.wall);
    processors.push_back(used.processor);
    bytes = to_json_text(answer).size();
  }
  std::sort(walls.begin(), walls.end());
  std::sort(processors.begin(), processors.end());
  std::printf("  %-28s %9.1f ms, %9.1f ms of processors, %10zu bytes as JSON\n", what, walls[rounds / 2] * 1000,
              processors[rounds / 2] * 1000, bytes);
  std::fflush(stdout);
}

} // namespace

void print_looks(const fleet& nodes, const std::string& connect) {
  const auto leader = nodes.leader();
  const auto& other = nodes.at((leader + 1) % nodes.size());
  print_look("status of the leader", [&] { return must(nodes.at(leader).status()); });
  print_look("status of another node", [&] { return must(other.status()); });
  print_look("one job of that node", [&] { return must(other.job(nodes.work().job(0))); });
  print_look("cluster view by that node", [&] { return must(other.cluster()); });
  client_options o;
  o.store = tree_at(connect);
  o.timeout = std::chrono::minutes{2};
  auto outside = must(client::open(o));
  print_look("cluster view by a client", [&] { return must(outside.get_cluster()); });
}

} // namespace djm::bench
