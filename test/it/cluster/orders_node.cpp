// A node with two jobs that operators give orders about: "mail", whose runs say when their configuration is another
// one, and "by-hand", whose items run when they are triggered and say so. Standard output has a line for each; ends
// when standard input does.
//
//   orders_node ID CONNECT ROOT
//
//   batch N | ran ITEM | granted JOB N | revoked JOB N | removed JOB

#include <atomic>
#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include <unistd.h>

#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

void say(const std::string& line) {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, (line + '\n').data(), line.size() + 1);
}

void say_event(const djm::event& e) {
  if (const auto* g = std::get_if<djm::items_granted>(&e)) {
    say("granted " + g->job.str() + " " + std::to_string(g->items.size()));
  } else if (const auto* v = std::get_if<djm::items_revoked>(&e)) {
    say("revoked " + v->job.str() + " " + std::to_string(v->items.size()));
  } else if (const auto* r = std::get_if<djm::job_removed>(&e)) {
    say("removed " + r->job.str());
  }
}

std::vector<djm::item_id> items(const std::string& prefix, int count) {
  std::vector<djm::item_id> all;
  for (int n = 0; n < count; ++n) {
    all.emplace_back(prefix + std::to_string(n));
  }
  return all;
}

djm::job_builder mail() {
  return djm::job_builder("mail")
    .items(items("m-", 30))
    .every(20ms)
    .config(*djm::user_config{}.with("batch", 1))
    .run([said = std::make_shared<std::atomic<int>>(0)](djm::job_context& ctx) {
      const auto batch = ctx.config().get<int>("batch")->value_or(-1);
      if (said->exchange(batch) != batch) {
        say("batch " + std::to_string(batch));
      }
    });
}

djm::job_builder by_hand() {
  return djm::job_builder("by-hand")
    .items(items("h-", 12))
    .on_trigger_only()
    .thread_per_item()
    .run([](djm::job_context& ctx) {
      for (const auto& item : ctx.items()) {
        say("ran " + item.id.str());
      }
    });
}

int run(const std::string& id, const std::string& connect, const std::string& root) {
  djm::node_config c;
  c.id = djm::node_id{id};
  c.store.connect = connect;
  c.store.root = root;
  c.store.session_timeout = 2s;
  c.store.operation_deadline = 500ms;
  c.detach_tolerance = 2s;
  c.stop_grace = 300ms;
  djm::node_options options;
  options.log = djm::stderr_log(djm::log_level::error);
  options.on_event = [](const djm::node_event& e) { say_event(e.what); };
  auto node = djm::node::start(c, std::move(options));
  if (!node || !node->register_job(mail()) || !node->register_job(by_hand())) {
    std::fprintf(stderr, "it does not start\n");
    return 2;
  }
  char in = 0;
  while (::read(STDIN_FILENO, &in, 1) > 0) {
  }
  return node->shutdown() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  return argc == 4 ? run(argv[1], argv[2], argv[3]) : 2;
}
