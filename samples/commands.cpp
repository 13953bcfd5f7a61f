// A job whose runs are commands: an export in Python, one process for each tenant. Arguments: the path of djm-run, that
// of commands/export.py, and, unless it is to run until a signal, how many seconds.

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "djm/command_job.hpp"
#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

int complain(const djm::error& e) {
  std::cerr << djm::to_string(e) << "\n";
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: commands DJM_RUN EXPORT_PY [SECONDS]\n";
    return 2;
  }
  const std::string helper = argv[1], script = argv[2];
  djm::node_config config;
  config.id = "node-1";
  config.stop_grace = 1s;

  djm::launcher_options how;
  how.node = config.id.str();
  how.helper = helper;
  auto launcher = djm::launcher::open(how);
  if (!launcher) {
    return complain(launcher.error());
  }

  djm::command_options command;
  command.program = {"/usr/bin/python3", script};
  command.input = djm::command_input::json;
  command.load_states = true;

  djm::job_builder exports("export");
  exports.items({"tenant-1", "tenant-2", "tenant-3"}).every(5s);
  auto job = djm::command_job::define(exports, command, *launcher);
  if (!job) {
    return complain(job.error());
  }
  auto node = djm::node::start(config);
  if (!node) {
    return complain(node.error());
  }
  if (auto ok = node->register_job(*job); !ok) {
    return complain(ok.error());
  }
  if (argc > 3) {
    std::this_thread::sleep_for(std::chrono::seconds{std::stoi(argv[3])});
    auto ok = node->shutdown();
    std::cout << "commands started: " << (*launcher)->status().started << "\n";
    return ok ? 0 : complain(ok.error());
  }
  auto ok = node->run_until_signal();
  return ok ? 0 : complain(ok.error());
}
