// A node whose one item counts in what is saved of it, as fast as the store takes it, until it is refused or asked to
// stop. Standard output says what was loaded, saved and refused. Ends when its standard input does.
//
//   saving_node ID CONNECT ROOT

#include <cstdio>
#include <string>

#include <unistd.h>

#include "djm/node.hpp"

using namespace std::chrono_literals;

namespace {

void say(const std::string& line) {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, (line + '\n').data(), line.size() + 1);
}

std::uint64_t number_in(const djm::bytes& state) {
  return std::stoull(std::string(state.data.begin(), state.data.end()));
}

void count(djm::job_context& ctx) {
  const auto loaded = ctx.load("a");
  if (!loaded) {
    return say("failed " + std::string{to_string(loaded.error().code)});
  }
  auto n = *loaded ? number_in(**loaded) : 0;
  say("loaded " + std::to_string(n));
  // One that wakes up late saves before it looks whether it should.
  do {
    ctx.sleep(5ms);
    if (const auto ok = ctx.save("a", djm::bytes_of(std::to_string(n + 1))); !ok) {
      return say("refused " + std::string{to_string(ok.error().code)});
    }
    say("saved " + std::to_string(++n));
  } while (!ctx.stop_requested());
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
  auto node = djm::node::start(c, std::move(options));
  if (!node || !node->register_job(djm::job_builder("count").items({"a"}).every(50ms).run(count))) {
    std::fprintf(stderr, "it does not start\n");
    return 2;
  }
  char c_in = 0;
  while (::read(STDIN_FILENO, &c_in, 1) > 0) {
  }
  return node->shutdown() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  return argc == 4 ? run(argv[1], argv[2], argv[3]) : 2;
}
