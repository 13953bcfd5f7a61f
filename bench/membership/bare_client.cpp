#include "bench/membership/bare_client.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <utility>

#include "bench/common/bare_session.hpp"
#include "bench/common/must.hpp"
#include "bench/membership/fleet.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm::bench {

namespace {

const store::tree_schema tree{"/plain"};

node_id owner_of(std::size_t item, std::size_t nodes) {
  return node_id{"n" + std::to_string(item % nodes)};
}

/// Calls `f` with job, item, owner, and whether the item moves on to who joins.
template <class F>
void for_each_item(const workload& w, std::size_t nodes, F f) {
  for (std::size_t n = 0; n < w.jobs; ++n) {
    std::size_t i = n;
    for (const auto& item : w.items_of(n)) {
      f(w.job(n), item, owner_of(i, nodes), i % (nodes + 1) == 0);
      ++i;
    }
  }
}

void add_folders(const workload& w, std::size_t nodes, writes& to) {
  for (const auto& path : {tree.root(), tree.pools(), tree.workers(), tree.locks()}) {
    to.push_back(store::create_op{path, {}});
  }
  for (std::size_t i = 0; i <= nodes; ++i) {
    to.push_back(store::create_op{tree.worker(owner_of(i, nodes + 1)), {}});
    to.push_back(store::create_op{tree.assigned(owner_of(i, nodes + 1)), {}});
  }
  for (std::size_t n = 0; n < w.jobs; ++n) {
    to.push_back(store::create_op{tree.pool(w.job(n)), {}});
    to.push_back(store::create_op{tree.locks(w.job(n)), {}});
    for (std::size_t i = 0; i <= nodes; ++i) {
      to.push_back(store::create_op{tree.assigned(owner_of(i, nodes + 1), w.job(n)), {}});
    }
  }
}

std::vector<store::transaction> cut(const writes& all, std::size_t in_one) {
  std::vector<store::transaction> result;
  for (std::size_t i = 0; i < all.size(); i += in_one) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i);
    result.push_back({writes(begin, begin + static_cast<std::ptrdiff_t>(std::min(in_one, all.size() - i)))});
  }
  return result;
}

} // namespace

payloads payloads_at(const std::string& connect) {
  const workload one{1, 1};
  const auto job = one.job(0);
  const auto item = one.items_of(0).front();
  const node_id node{"n0"};
  const auto at = tree_at(connect, "/first");
  fleet nodes{at, one};
  nodes.add(node);
  nodes.wait_for_shares(1);
  const store::tree_schema theirs{at.root};
  return {read_node(connect, theirs.pool(job, item)), read_node(connect, theirs.assigned(node, job, item)),
          read_node(connect, theirs.lock(job, item))};
}

writes first_writes(const workload& w, const payloads& p, std::size_t nodes) {
  writes result;
  add_folders(w, nodes, result);
  for_each_item(w, nodes, [&](const job_id& job, const item_id& item, const node_id&, bool) {
    result.push_back(store::create_op{tree.pool(job, item), p.pool});
  });
  for_each_item(w, nodes, [&](const job_id& job, const item_id& item, const node_id& owner, bool) {
    result.push_back(store::create_op{tree.assigned(owner, job, item), p.assigned});
  });
  for_each_item(w, nodes, [&](const job_id& job, const item_id& item, const node_id&, bool) {
    result.push_back(store::create_op{tree.lock(job, item), p.lock});
  });
  return result;
}

writes moving_writes(const workload& w, const payloads& p, std::size_t nodes) {
  writes result;
  const auto joined = owner_of(nodes, nodes + 1);
  for_each_item(w, nodes, [&](const job_id& job, const item_id& item, const node_id& owner, bool moves) {
    if (moves) {
      result.push_back(store::remove_op{tree.assigned(owner, job, item)});
      result.push_back(store::create_op{tree.assigned(joined, job, item), p.assigned});
      result.push_back(store::remove_op{tree.lock(job, item)});
      result.push_back(store::create_op{tree.lock(job, item), p.lock});
    }
  });
  return result;
}

writes clearing_writes(const workload& w, std::size_t nodes) {
  writes result;
  const auto joined = owner_of(nodes, nodes + 1);
  for_each_item(w, nodes, [&](const job_id& job, const item_id& item, const node_id& owner, bool moved) {
    result.push_back(store::remove_op{tree.pool(job, item)});
    result.push_back(store::remove_op{tree.assigned(moved ? joined : owner, job, item)});
    result.push_back(store::remove_op{tree.lock(job, item)});
  });
  writes folders;
  add_folders(w, nodes, folders);
  for (auto f = folders.rbegin(); f != folders.rend(); ++f) {
    result.push_back(store::remove_op{store::path_of(*f)});
  }
  return result;
}

usage write_all(const std::string& connect, const writes& all, std::size_t in_one, std::size_t under_way) {
  auto transactions = cut(all, in_one);
  std::atomic<std::size_t> next{0}, left{transactions.size()};
  const auto done = std::make_shared<std::promise<void>>();
  bare_session* to = nullptr;
  const auto send = [&] {
    if (const auto n = next++; n < transactions.size()) {
      to->submit(n, std::move(transactions[n]));
    }
  };
  bare_session session{connect, [&, done](const store::raw_completion& c) {
                         if (c.code != store::rc::ok) {
                           give_up("the bare client: " + to_string(c.code));
                         }
                         send();
                         if (--left == 0) {
                           done->set_value();
                         }
                       }};
  to = &session;
  const auto before = used_so_far();
  for (std::size_t i = 0; i < under_way; ++i) {
    send();
  }
  done->get_future().wait();
  return used_so_far() - before;
}

} // namespace djm::bench
