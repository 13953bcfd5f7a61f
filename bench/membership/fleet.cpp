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

void fleet::begin_to_remove_last() {
  must(nodes_.back().begin_shutdown());
  ids_.pop_back();
}

void fleet::remove_last() {
  must(nodes_.back().shutdown());
  nodes_.pop_back();
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

std::uint64_t fleet::locked() const {
  std::uint64_t n = 0;
  for (const auto& x : nodes_) {
    n += must(x.status()).worker.locked;
  }
  return n;
}

} // namespace djm::bench
