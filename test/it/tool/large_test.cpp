// The figures of a large cluster: 100 nodes and 10,000 items in the tree of a real server, with no node alive.
#include <algorithm>
#include <cstdio>
#include <utility>

#include <sys/resource.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "harness.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "tool_harness.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::test;

namespace {

constexpr std::size_t nodes = 100;
constexpr std::size_t jobs = 10;
constexpr std::size_t items = 1000; // of each job

/// Creates what it is given, many in one transaction.
class planter {
public:
  explicit planter(port_client& session) : session_(session) {}
  ~planter() { flush(); }
  void add(std::string path, std::string data = {}) {
    ops_.emplace_back(store::create_op{std::move(path), std::move(data)});
    if (ops_.size() >= 1000) {
      flush();
    }
  }
  void flush() {
    if (!ops_.empty()) {
      CHECK(session_.transact(std::exchange(ops_, {})).code == store::rc::ok);
    }
  }

private:
  port_client& session_;
  std::vector<store::write_op> ops_;
};

std::string name(const char* what, std::size_t n) {
  return what + std::to_string(1000 + n);
}

void plant(port_client& session, const store::tree_schema& tree) {
  planter p{session};
  p.add(tree.root());
  p.add(tree.format(), store::encode(store::format_payload{}));
  for (const auto& folder : {tree.alive(), tree.latches(), tree.workers(), tree.marks(), tree.jobs(), tree.locks(),
                             tree.states(), tree.refusals()}) {
    p.add(folder);
  }
  p.add(tree.pools(), store::encode(store::pools_payload{}));
  for (const auto& version :
       {tree.pool_version(), tree.worker_version(), tree.assignment_version(), tree.jobs_version()}) {
    p.add(version, store::encode(store::version_payload{"test"}));
  }
  for (std::size_t j = 0; j < jobs; ++j) {
    const job_id job{name("job", j)};
    p.add(tree.pool(job), store::encode(store::pool_payload{}));
    p.add(tree.locks(job));
  }
  store::worker_payload w;
  w.incarnation = "life";
  for (std::size_t n = 0; n < nodes; ++n) {
    const node_id node{name("node", n)};
    p.add(tree.worker(node), store::encode(w));
    p.add(tree.available(node));
    p.add(tree.assigned(node), store::encode(store::assigned_payload{"life", 1}));
    for (std::size_t j = 0; j < jobs; ++j) {
      p.add(tree.available(node, job_id{name("job", j)}));
      p.add(tree.assigned(node, job_id{name("job", j)}));
    }
  }
  for (std::size_t j = 0; j < jobs; ++j) {
    for (std::size_t i = 0; i < items; ++i) {
      const job_id job{name("job", j)};
      const item_id item{name("item", i)};
      const node_id owner{name("node", i % nodes)};
      store::lock_payload lock;
      lock.worker = owner;
      lock.incarnation = "life";
      p.add(tree.pool(job, item));
      p.add(tree.assigned(owner, job, item));
      p.add(tree.lock(job, item), store::encode(lock));
    }
  }
}

/// The same reads as those of a status, each as soon as there is a place for it, and nothing made of the answers.
milliseconds bare(store::session_factory& factory, const store::tree_schema& tree) {
  const auto begin = clock::now();
  port_client session{factory, options_for(shared_server())};
  std::vector<store::op_id_t> asked;
  const auto ask = [&](store::read_op op) { asked.push_back(session.submit(std::move(op))); };
  for (std::size_t n = 0; n < nodes; ++n) {
    const node_id node{name("node", n)};
    ask(store::get(tree.worker(node)));
    ask(store::children(tree.available(node)));
    ask(store::get(tree.assigned(node)));
    ask(store::children(tree.assigned(node)));
    ask(store::get(tree.alive(node)));
    for (std::size_t j = 0; j < jobs; ++j) {
      ask(store::children(tree.assigned(node, job_id{name("job", j)})));
    }
  }
  for (std::size_t j = 0; j < jobs; ++j) {
    const job_id job{name("job", j)};
    ask(store::get(tree.pool(job)));
    ask(store::children(tree.pool(job)));
    for (std::size_t i = 0; i < items; ++i) {
      ask(store::get(tree.lock(job, item_id{name("item", i)})));
    }
  }
  // Answers come in the order of the questions.
  (void) session.wait(asked.back());
  session.close();
  return since(begin);
}

} // namespace

TEST_CASE("tool: the status of 100 nodes and 10,000 items costs little more than its reads") {
  store::zookeeper_factory factory;
  const store::tree_schema tree{fresh_path()};
  const auto connect = shared_server().connect_string();
  {
    port_client session{factory, options_for(shared_server())};
    plant(session, tree);
  }
  std::vector<milliseconds> tool, reads;
  for (int round = 0; round < 5; ++round) {
    reads.push_back(bare(factory, tree));
    const auto begin = clock::now();
    const auto t = run_tool(connect, {"status", "--root", tree.root(), "-o", "json", "--timeout", "60s"});
    tool.push_back(since(begin));
    REQUIRE(t.code == 0);
    CHECK(nlohmann::json::parse(t.out)["locked"] == nodes * 100);
  }
  std::sort(tool.begin(), tool.end());
  std::sort(reads.begin(), reads.end());
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  std::printf("figure: djm status of 100 nodes, 10,000 items: %lld ms (median of 5, with its process), the bare reads "
              "%lld ms, memory %ld MB at most\n",
              static_cast<long long>(tool[2].count()), static_cast<long long>(reads[2].count()),
              children.ru_maxrss / 1024);
  CHECK(children.ru_maxrss < 100 * 1024);
}
