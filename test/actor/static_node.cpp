// Ends its process with code 7 while a node in static storage is at work: `static_node WHERE` says who calls exit.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

constexpr int code = 7;

std::optional<djm::node> the_node; // destroyed when the process ends
std::string where;                 // destroyed before the node, and used by its code
std::promise<void> at_work;
std::atomic<bool> first{true};
std::atomic<bool> ends{false};

/// Two threads must not call exit at a time, so the first one does.
void end_here(const char* place) {
  if (where == place && !ends.exchange(true)) {
    std::exit(code);
  }
}

djm::node start_node() {
  djm::node_config config;
  config.id = "static";
  config.store.session_timeout = 2s;
  config.store.operation_deadline = 300ms;
  config.stop_grace = 200ms;
  djm::node_options o;
  o.log = [](const djm::log_record& r) {
    if (r.text.find("ended by the test") != std::string::npos) {
      end_here("log");
    }
  };
  o.on_event = [](const djm::node_event& e) {
    if (std::holds_alternative<djm::run_finished>(e.what)) {
      end_here("listener");
    }
  };
  return std::move(*djm::node::start(config, std::move(o)));
}

void register_job(djm::node& n) {
  auto job = djm::job_builder("work")
               .pool(
                 [] {
                   if (!first) {
                     end_here("pool");
                   }
                   return std::vector<djm::item_id>{"a", "b"};
                 },
                 10ms)
               .every(1ms)
               .thread_per_item()
               .run([](djm::job_context& ctx) {
                 if (first.exchange(false)) {
                   at_work.set_value();
                 }
                 end_here("run");
                 if (where == "log") {
                   throw std::runtime_error("ended by the test");
                 }
                 if (where == "stop_callback") {
                   std::promise<void> called; // a run that ends first is told nothing any more
                   const auto on_stop = ctx.on_stop([&](djm::stop_reason) {
                     called.set_value();
                     end_here("stop_callback");
                   });
                   called.get_future().wait();
                 }
               })
               .build();
  if (!job || !n.register_job(*job)) {
    std::_Exit(3);
  }
}

} // namespace

int main(int argc, char** argv) {
  where = argc > 1 ? argv[1] : "";
  the_node = start_node();
  register_job(*the_node);
  if (at_work.get_future().wait_for(30s) != std::future_status::ready) {
    std::_Exit(4);
  }
  (void) the_node->status(); // the main thread has called it
  if (where == "return") {
    return code;
  }
  if (where == "main") {
    std::exit(code);
  }
  if (where == "twice") { // one that was ended before, and one that a function owns
    (void) the_node->shutdown();
    static auto another = start_node();
    std::exit(another.status() ? code : 5);
  }
  if (where == "stop_callback") {
    (void) the_node->disable_job("work");
  }
  if (where.rfind("thread", 0) == 0) {
    std::thread{[] {
      (void) the_node->status();
      std::exit(code);
    }}.detach();
  }
  if (where == "thread_while_main_handles_signals") {
    return the_node->run_until_signal() ? 1 : 2;
  }
  if (where == "thread_while_main_waits") {
    return the_node->wait_stopped() ? 1 : 2;
  }
  std::promise<void>{}.get_future().wait(); // for whoever calls exit
  return 6;
}
