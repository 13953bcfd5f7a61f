// A node whose surroundings get stuck at its parent's word: its log, its listener, the destructor of one of its jobs,
// the user's own actors. Its runs last until they are asked to stop, and go on after that only where something is
// wrong with djm. Standard output has a line for each beginning and end of a run, with the time of the boot clock.

#include <atomic>
#include <cstdio>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include <poll.h>
#include <unistd.h>

#include <caf/all.hpp>

#include "actors/env/boot_time.hpp"
#include "djm/job.hpp"
#include "djm/node_actor.hpp"

using namespace std::chrono_literals;

namespace {

constexpr unsigned actor_threads = 2;

[[noreturn]] void block_for_good() {
  for (;;) {
    ::pause();
  }
}

void say(const std::string& what, const std::string& item) {
  const auto line = what + ' ' + item + ' ' + std::to_string(djm::boot_now().time_since_epoch().count()) + '\n';
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

class lasting_job final : public djm::job {
public:
  std::vector<djm::item_id> work_pool() override { return {"a", "b", "c", "d"}; }
  void run(djm::job_context& ctx) override {
    const auto& item = ctx.items().front().id;
    say("begin", item);
    ctx.wait_for_stop(1h);
    say("end", item);
  }
};

class slow_to_die final : public djm::job {
public:
  ~slow_to_die() override {
    if (armed) {
      ::poll(nullptr, 0, 8000);
    }
  }
  std::vector<djm::item_id> work_pool() override { return {}; }
  void run(djm::job_context&) override {}
  static inline std::atomic<bool> armed{false};
};

class noisy_job final : public djm::job {
public:
  std::vector<djm::item_id> work_pool() override { return {"x"}; }
  void run(djm::job_context&) override { throw std::runtime_error{std::string(500, 'x')}; }
};

djm::register_job wish(const djm::job_id& id, djm::schedule s, std::shared_ptr<djm::job> code, bool each) {
  djm::register_job r;
  r.spec.id = id;
  r.spec.schedule = s;
  r.spec.mode = each ? djm::running_mode::thread_per_item : djm::running_mode::single_thread;
  r.code = std::move(code);
  return r;
}

caf::behavior blocker(caf::event_based_actor*) {
  block_for_good();
}

caf::behavior deaf_listener(caf::event_based_actor*) {
  return {[](const djm::node_event&) { block_for_good(); }};
}

/// Nobody reads what is written to standard error from now on.
void stall_log() {
  int ends[2];
  if (::pipe(ends) == 0) {
    ::dup2(ends[1], STDERR_FILENO);
  }
}

void get_stuck(caf::actor_system& system, const djm::node_actor& node, const std::string& how) {
  using djm::schedule;
  if (how == "log") {
    stall_log();
    djm::cx::anon_mail(wish("noise", schedule::fixed_delay(1ms), std::make_shared<noisy_job>(), false)).send(node);
  } else if (how == "listener") {
    for (unsigned i = 0; i < actor_threads; ++i) {
      djm::cx::anon_mail(djm::subscribe{system.spawn(deaf_listener)}).send(node);
    }
    djm::cx::anon_mail(wish("noise", schedule::fixed_delay(1ms), std::make_shared<noisy_job>(), false)).send(node);
  } else if (how == "destructor") {
    slow_to_die::armed = true;
    djm::cx::anon_mail(djm::unregister_job{"slow"}).send(node);
  } else if (how == "actor") {
    system.spawn(blocker);
  } else if (how == "actors") {
    for (unsigned i = 0; i < 2 * actor_threads; ++i) {
      system.spawn(blocker);
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("deadline_node ID CONNECT ROOT log|listener|destructor|actor|actors|nothing\n", stderr);
    return 2;
  }
  const std::string how = argv[4];
  caf::actor_system_config threads;
  threads.set(djm::cx::max_threads_option, std::size_t{actor_threads});
  caf::actor_system system{threads};
  djm::node_config c;
  c.id = djm::node_id{argv[1]};
  c.store.connect = argv[2];
  c.store.root = argv[3];
  c.store.session_timeout = 2s;
  c.store.operation_deadline = 500ms;
  c.detach_tolerance = 2s;
  c.stop_grace = 300ms;
  auto node = djm::spawn_node(system, c);
  if (!node) {
    std::fprintf(stderr, "%s\n", to_string(node.error()).c_str());
    return 2;
  }
  djm::cx::anon_mail(wish("work", djm::schedule::fixed_delay(50ms), std::make_shared<lasting_job>(), true)).send(*node);
  djm::cx::anon_mail(wish("slow", djm::schedule::on_trigger(), std::make_shared<slow_to_die>(), false)).send(*node);
  for (std::string word; std::getline(std::cin, word);) {
    get_stuck(system, *node, how);
  }
  ::_exit(0); // whatever hangs
}
