// A node that knows kinds of jobs, and a submitter that may die on the way. Standard output has a line for each event;
// a node ends when standard input does.
//
//   kinds_node node ID CONNECT ROOT          ready | made JOB of SUBMITTER | removed JOB
//   kinds_node submit WHEN CONNECT ROOT JOB REQUEST
//
// WHEN: before (dies without having sent anything), sent (dies with its transaction under way), after (dies when it
// stands, without having said so), whole (says "done", or the name of the error).

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <unistd.h>

#include "djm/client.hpp"
#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

void say(const std::string& line) {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, (line + '\n').data(), line.size() + 1);
}

struct ticks_config {
  std::vector<std::string> items;
};
DJM_FIELDS(ticks_config, items)

djm::job_kind ticks() {
  return djm::make_kind<ticks_config>(
    "ticks", 1, [](const djm::submitted_job& s, const ticks_config& c) -> djm::expected<djm::job_definition> {
      say("made " + s.id.str() + " of " + s.by);
      return djm::job_builder(s.id)
        .items(djm::to_ids<djm::item_id>(c.items))
        .every(50ms)
        .run([](djm::job_context&) {})
        .build();
    });
}

djm::job_kind crashes() {
  djm::job_kind kind;
  kind.name = "crashes";
  kind.make = [](const djm::submitted_job&) -> djm::expected<djm::job_definition> {
    raise(SIGKILL);
    return djm::fail(djm::errc::internal, "it lives");
  };
  return kind;
}

int serve(const std::string& id, const std::string& connect, const std::string& root) {
  djm::node_config config;
  config.id = djm::node_id{id};
  config.store.connect = connect;
  config.store.root = root;
  config.store.session_timeout = 4s;
  config.store.operation_deadline = 1s;
  config.detach_tolerance = 2s;
  config.stop_grace = 200ms;
  djm::node_options options;
  options.log = [](const djm::log_record&) {};
  options.kinds = {ticks(), crashes()};
  options.on_event = [](const djm::node_event& e) {
    if (const auto* r = std::get_if<djm::job_removed>(&e.what)) {
      say("removed " + r->job.str());
    }
  };
  auto node = djm::node::start(config, std::move(options));
  if (!node || !node->wait_ready(60s)) {
    return 1;
  }
  say("ready");
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

int submit(const std::string& when, const std::string& connect, const std::string& root, const std::string& job,
           const std::string& request) {
  djm::client_options o;
  o.store.connect = connect;
  o.store.root = root;
  auto client = djm::client::open(o);
  if (!client || !client->get_cluster()) {
    return 1;
  }
  djm::submission s;
  s.id = djm::job_id{job};
  s.kind = "ticks";
  s.config = *djm::user_config::parse(R"({"items":["a","b"]})");
  s.by = request;
  s.request = request;
  if (when == "before") {
    raise(SIGKILL);
  }
  if (when == "sent") { // killed at a moment within the call, which may be before or after the server has it
    std::thread{[] {
      std::this_thread::sleep_for(std::chrono::microseconds{getpid() % 3000});
      raise(SIGKILL);
    }}.detach();
  }
  const auto done = client->submit(s);
  if (when != "whole") {
    raise(SIGKILL);
  }
  say(done ? "done" : djm::to_string(done.error().code));
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> a{argv + 1, argv + argc};
  if (a.size() == 4 && a[0] == "node") {
    return serve(a[1], a[2], a[3]);
  }
  return a.size() == 6 && a[0] == "submit" ? submit(a[1], a[2], a[3], a[4], a[5]) : 2;
}
