#include "bench/memory/leader.hpp"

#include <chrono>
#include <cstdio>
#include <utility>
#include <variant>

#include "bench/common/must.hpp"
#include "djm/node.hpp"

namespace djm::bench {

leader_process::leader_process(const std::string& connect, std::string root) : root_(std::move(root)) {
  test::process_options o;
  o.arguments = {"/proc/self/exe", leader_word, connect, root_};
  process_ = test::child_process{o};
  if (!process_.read_line(std::chrono::minutes{1})) {
    give_up("the node in a process of its own does not lead");
  }
}

int be_leader(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  node_config c;
  c.id = "leader";
  c.role = node_role::coordinator;
  c.store.connect = argv[2];
  c.store.root = argv[3];
  node_options o;
  o.log = stderr_log(log_level::error);
  o.on_event = [id = c.id](const node_event& e) {
    if (const auto* now = std::get_if<leader_changed>(&e.what); now && now->leader == id) {
      std::puts("leads");
      std::fflush(stdout);
    }
  };
  const auto self = must(node::start(c, std::move(o)));
  while (std::getchar() != EOF) {
  }
  return 0;
}

} // namespace djm::bench
