#include "bench/membership/member.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "bench/common/must.hpp"
#include "bench/membership/fleet.hpp"

namespace djm::bench {

test::child_process start_member(const std::string& connect, const workload& w, std::size_t members) {
  test::process_options o;
  o.arguments = {"/proc/self/exe",       member_word, connect, std::to_string(w.items), std::to_string(w.jobs),
                 std::to_string(members)};
  test::child_process child{o};
  if (!child.read_line(std::chrono::minutes{10})) {
    give_up("the node in a process of its own does not get its share");
  }
  return child;
}

int be_member(int argc, char** argv) {
  if (argc != 6) {
    return 2;
  }
  fleet self{tree_at(argv[2]), {std::strtoul(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10)}};
  self.add("other");
  self.wait_for_shares(std::strtoul(argv[5], nullptr, 10));
  std::puts("locked");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

} // namespace djm::bench
