#include "bench/membership/fleet.hpp"

#include <chrono>
#include <utility>

#include "bench/common/must.hpp"

namespace djm::bench {

using namespace std::chrono_literals;

node_config config_of(const node_id& id, const store_config& at) {
  node_config c;
  c.id = id;
  c.store = at;
  c.detach_tolerance = 5s; // a killed node is waited for so long
  return c;
}

store_config tree_at(const std::string& connect, const std::string& root) {
  store_config c;
  c.connect = connect;
  c.root = root;
  return c;
}

questions operator-(const questions& a, const questions& b) {
  return {a.commits - b.commits, a.reads - b.reads, a.keepers_met - b.keepers_met, a.workers_met - b.workers_met,
          a.leader_met - b.leader_met};
}

fleet::~fleet() {
  for (auto& n : nodes_) {
    static_cast<void>(n.begin_shutdown(true));
  }
}

void fleet::add(const node_id& id, std::vector<job_definition> jobs) {
  node_options o;
  o.log = stderr_log(log_level::error);
  o.on_event = [to = ledger_](const node_event& e) { to->note(e); };
  o.jobs = std::move(jobs);
  ids_.push_back(id);
  nodes_.push_back(must(node::start(config_of(id, at_), std::move(o))));
}

node fleet::take_last() {
  auto result = std::move(nodes_.back());
  nodes_.pop_back();
  ids_.pop_back();
  return result;
}

std::size_t fleet::leader() const {
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (must(nodes_[n].status()).manager.leading) {
      return n;
    }
  }
  give_up("nobody leads");
}

std::uint64_t fleet::owners_written() const {
  std::uint64_t n = 0;
  for (const auto& x : nodes_) {
    n += must(x.status()).manager.counters.moves;
  }
  return n;
}

questions fleet::asked() const {
  questions q;
  for (const auto& x : nodes_) {
    const auto now = must(x.status());
    q.commits += now.store.commits;
    q.reads += now.store.reads;
    q.keepers_met += now.connection.counters.conflicts;
    q.workers_met += now.worker.counters.lock_conflicts;
    q.leader_met += now.manager.counters.conflicts;
  }
  return q;
}

std::uint64_t fleet::locked() const {
  std::uint64_t n = 0;
  for (const auto& x : nodes_) {
    n += must(x.status()).worker.locked;
  }
  return n;
}

} // namespace djm::bench
