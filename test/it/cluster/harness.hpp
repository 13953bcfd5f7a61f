#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "djm/node.hpp"
#include "zkstore/types.hpp"

/// What the tests of whole clusters on a real ZooKeeper share: nodes in this process.
namespace djm::test {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

/// Looks at `done` again and again until it is true or `limit` has passed; true when it was.
bool eventually(const std::function<bool()>& done, milliseconds limit);

/// Lets real time pass where the passing of time is what is tested (an outage of 3 × T, ten quiet seconds).
void let_pass(milliseconds span);

milliseconds since(clock::time_point begin);

/// T = D = 2 s and everything else in proportion; no log below errors.
node_config quick_config(const node_id& id, const std::string& connect, const std::string& root);

/// Starts a node; throws with the complaint when it cannot.
node start_node(node_config config, std::function<void(const node_event&)> on_event = {});

/// A job without side effects whose runs are counted per item.
class counting_job final : public job {
public:
  explicit counting_job(std::vector<item_id> items) : items_(std::move(items)) {}
  std::vector<item_id> work_pool() override { return items_; }
  void run(job_context& ctx) override;
  std::uint64_t runs() const { return runs_; }
  std::uint64_t item_runs() const { return item_runs_; }

private:
  std::vector<item_id> items_;
  std::atomic<std::uint64_t> runs_{0};
  std::atomic<std::uint64_t> item_runs_{0};
};

std::vector<item_id> numbered(const std::string& prefix, std::size_t count);
job_definition counting(const job_id& id, std::shared_ptr<counting_job> code, schedule s);

/// Every item of the view is owned by a live worker that holds its lock.
bool all_locked(const cluster_view& view);
bool all_ready(const std::vector<node>& nodes);
std::uint32_t locked_items(const std::vector<node>& nodes);

/// The stats of every znode below `root`, straight from the server.
std::map<std::string, store::stat> snapshot(const std::string& connect, const std::string& root);

/// Threads and descriptors of this process.
std::size_t thread_count();
std::size_t descriptor_count();

} // namespace djm::test
