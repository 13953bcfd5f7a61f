#include "plugin.hpp"

#include <chrono>
#include <future>
#include <string>

#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

std::string complaint;

const char* complain(const djm::error& e) {
  complaint = djm::to_string(e);
  return complaint.c_str();
}

} // namespace

const char* djm_plugin_run() {
  std::promise<void> ran;
  djm::node_config config;
  config.id = "plugin";
  config.store.session_timeout = 2s;
  config.store.operation_deadline = 1s;
  djm::node_options o;
  o.log = [](const djm::log_record&) {};
  o.on_event = [](const djm::node_event&) {};
  auto n = djm::node::start(config, std::move(o));
  if (!n) {
    return complain(n.error());
  }
  auto job = djm::job_builder("work").items({"a"}).every(50s).run([&](djm::job_context&) { ran.set_value(); }).build();
  if (auto ok = n->register_job(*job); !ok) {
    return complain(ok.error());
  }
  if (ran.get_future().wait_for(30s) != std::future_status::ready) {
    return "the job does not run";
  }
  if (auto ok = n->shutdown(); !ok) {
    return complain(ok.error());
  }
  return nullptr;
}
