#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bench/common/must.hpp"
#include "djm/node.hpp"
#include "zookeeper_server.hpp"

/// How long after its start a node runs something for the first time, beside the time after which it has joined: the
/// first node of a cluster, which has to take the lead and to plan, and one that joins it. On a real server, five times
/// each.
namespace djm::bench {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// What happens for the first time.
class first_time {
public:
  void happens() {
    std::lock_guard<std::mutex> lock{guard_};
    if (!when_) {
      when_ = clock::now();
      changed_.notify_all();
    }
  }
  clock::time_point wait() {
    std::unique_lock<std::mutex> lock{guard_};
    if (!changed_.wait_for(lock, 60s, [this] { return when_.has_value(); })) {
      give_up("gave up waiting for the first run");
    }
    return *when_;
  }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  std::optional<clock::time_point> when_;
};

struct member {
  explicit member(const std::string& id, const std::string& connect, const std::string& root) {
    node_config c;
    c.id = node_id{id};
    c.store.connect = connect;
    c.store.root = root;
    node_options o;
    o.log = stderr_log(log_level::error);
    const auto begin = clock::now();
    at = must(node::start(c, o));
    job_builder job{"work"};
    job.items({"a", "b", "c", "d"}).thread_per_item().every(100ms);
    job.run([this](job_context&) { run.happens(); });
    must(at->register_job(job));
    must(at->wait_ready(60s));
    joined = std::chrono::duration<double>(clock::now() - begin).count();
    ran = std::chrono::duration<double>(run.wait() - begin).count();
  }

  first_time run;
  double joined = 0, ran = 0;
  std::optional<node> at; ///< ends before what its runs refer to
};

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

void print(const char* what, const std::vector<double>& ready, const std::vector<double>& ran) {
  std::printf("  %-26s ready after %.2f s, first run after %.2f s (longest %.2f s)\n", what, median(ready), median(ran),
              *std::max_element(ran.begin(), ran.end()));
}

void measure() {
  constexpr int times = 5;
  test::zookeeper_server server;
  std::vector<double> ready[2], ran[2];
  for (int n = 0; n < times; ++n) {
    const auto root = "/first-run-" + std::to_string(n);
    member first{"one", server.connect_string(), root};
    member second{"two", server.connect_string(), root};
    int i = 0;
    for (const auto* m : {&first, &second}) {
      ready[i].push_back(m->joined);
      ran[i++].push_back(m->ran);
    }
  }
  const auto t = std::chrono::duration<double>(node_config{}.store.session_timeout).count();
  std::printf("first run: 4 items, T = %.0f s, medians of %d\n", t, times);
  print("first node of a cluster", ready[0], ran[0]);
  print("one that joins", ready[1], ran[1]);
}

} // namespace

} // namespace djm::bench

int main() {
  if (!djm::test::zookeeper_available()) {
    std::fprintf(stderr, "no server can be started here: java or ZooKeeper's jar is missing\n");
    return 2;
  }
  djm::bench::measure();
  return 0;
}
