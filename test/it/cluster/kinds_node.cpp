// A node that knows kinds of jobs, and a submitter that may die on the way. Standard output has a line for each event;
// a node ends when standard input does.
//
//   kinds_node node ID CONNECT ROOT          ready | made JOB of SUBMITTER | run JOB of SUBMITTER at MS | removed JOB
//   kinds_node submit WHEN CONNECT ROOT JOB REQUEST
//
// WHEN: before (dies without having sent anything), sent (dies with its transaction under way), after (dies when it
// stands, without having said so), whole (says "done", or the name of the error), held (the same, after "ready" and a
// byte on standard input).
// With DJM_SLOW_KIND in its environment a node knows a kind "slow" as well, whose factory says "making JOB of
// SUBMITTER" and comes back at the next line of standard input.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <variant>
#include <vector>

#include <sys/time.h>
#include <unistd.h>

#include "djm/client.hpp"
#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

void say(const std::string& line) {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, (line + '\n').data(), line.size() + 1);
}

/// Time that all processes of the machine share.
long long boot_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

struct ticks_config {
  std::vector<std::string> items;
};
DJM_FIELDS(ticks_config, items)

djm::job_kind ticks() {
  return djm::make_kind<ticks_config>(
    "ticks", 1, [](const djm::submitted_job& s, const ticks_config& c) -> djm::expected<djm::job_definition> {
      say("made " + s.id.str() + " of " + s.by);
      const auto line = "run " + s.id.str() + " of " + s.by;
      return djm::job_builder(s.id)
        .items(djm::to_ids<djm::item_id>(c.items))
        .every(50ms)
        .run([line](djm::job_context&) { say(line + " at " + std::to_string(boot_ms())); })
        .build();
    });
}

/// Its factory comes back when standard input says so.
djm::job_kind slow() {
  auto kind = ticks();
  kind.name = "slow";
  kind.make = [make = kind.make](const djm::submitted_job& s) {
    say("making " + s.id.str() + " of " + s.by);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0 && byte != '\n') {
    }
    return make(s);
  };
  return kind;
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
  if (const char* slow_too = std::getenv("DJM_SLOW_KIND"); slow_too != nullptr) {
    options.kinds.push_back(slow());
  }
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
  if (std::getenv("DJM_SLOW_KIND") != nullptr) {
    pause(); // the factory reads standard input
  }
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
  o.timeout = djm::any_duration{60s};
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
  if (when == "held") { // goes on when it is told to, and says what it is answered
    say("ready");
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(STDIN_FILENO, &byte, 1);
  }
  if (when == "before") {
    raise(SIGKILL);
  }
  if (when == "sent") { // killed at a moment within the call, which may be before or after the server has it
    std::signal(SIGALRM, [](int) { raise(SIGKILL); });
    itimerval moment{};
    moment.it_value.tv_usec = 1 + getpid() % 3000;
    setitimer(ITIMER_REAL, &moment, nullptr);
  }
  const auto done = client->submit(s);
  if (when != "whole" && when != "held") {
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
