#include "actors/manager/assignment_writer.hpp"

#include <utility>

namespace djm {

namespace {

class batcher {
public:
  batcher(const cluster_image& image, const store::tree_schema& tree, std::string latch, std::int32_t version,
          std::string id_prefix, std::size_t max_ops, std::size_t max_bytes)
    : image_(image),
      tree_(tree),
      latch_(std::move(latch)),
      version_(version),
      prefix_(std::move(id_prefix)),
      max_ops_(max_ops),
      max_bytes_(max_bytes) {}

  void add(const item_transfer& t) {
    std::vector<store::write_op> ops;
    std::set<std::pair<node_id, job_id>> folders;
    const bool leaves = !t.from.empty() && image_.workers.count(t.from) > 0;
    if (leaves) {
      ops.push_back(store::remove_op{tree_.assigned(t.from, t.job, t.item)});
    }
    if (!t.to.empty()) {
      if (image_.workers.at(t.to).folders.count(t.job) == 0 && made_.count({t.to, t.job}) == 0) {
        ops.push_back(store::create_op{tree_.assigned(t.to, t.job), {}});
        folders.insert({t.to, t.job});
      }
      ops.push_back(store::create_op{tree_.assigned(t.to, t.job, t.item), {}});
    }
    std::size_t bytes = 0;
    for (const auto& op : ops) {
      bytes += store::wire_size(op);
    }
    // Every worker that is new to the batch costs one more operation: the touch of its `assigned`.
    std::size_t touches =
      (leaves && touched_.count(t.from) == 0 ? 1u : 0u) + (!t.to.empty() && touched_.count(t.to) == 0 ? 1u : 0u);
    if (!changes_.empty() &&
        (size() + ops.size() + touches > max_ops_ || bytes_ + bytes + 512 * touches > max_bytes_)) {
      close();
    }
    bytes_ += bytes;
    if (leaves) {
      touch(t.from);
    }
    if (!t.to.empty()) {
      touch(t.to);
    }
    made_.insert(folders.begin(), folders.end());
    batch_.folders.insert(folders.begin(), folders.end());
    changes_.insert(changes_.end(), std::make_move_iterator(ops.begin()), std::make_move_iterator(ops.end()));
    batch_.transfers.push_back(t);
  }

  void touch(const node_id& worker) {
    if (touched_.insert(worker).second) {
      bytes_ += 512;
    }
  }

  void close() {
    if (changes_.empty() && touched_.empty() && batch_.transfers.empty()) {
      return;
    }
    auto& ops = batch_.txn.ops;
    ops.push_back(store::check_op{latch_});
    ops.push_back(store::set_op{tree_.assignment_version(),
                                store::encode(store::version_payload{prefix_ + std::to_string(version_)}), version_});
    ++version_;
    for (const auto& worker : touched_) {
      const auto& w = image_.workers.at(worker);
      if (!w.assigned_exists) {
        continue;
      }
      auto& payload = counters_[worker];
      if (payload.incarnation.empty()) {
        payload.incarnation = w.assigned_incarnation;
        payload.counter = w.assigned_counter;
      }
      if (w.registration) {
        payload.incarnation = w.registration->incarnation;
      }
      ++payload.counter;
      batch_.touched[worker] = payload;
      ops.push_back(store::set_op{tree_.assigned(worker), store::encode(payload)});
    }
    ops.insert(ops.end(), std::make_move_iterator(changes_.begin()), std::make_move_iterator(changes_.end()));
    done_.push_back(std::move(batch_));
    batch_ = {};
    changes_.clear();
    touched_.clear();
    bytes_ = 0;
  }

  std::vector<assignment_batch> take() { return std::move(done_); }
  bool full() const { return size() + 1 > max_ops_; }

private:
  std::size_t size() const { return 2 + touched_.size() + changes_.size(); }

  const cluster_image& image_;
  const store::tree_schema& tree_;
  std::string latch_;
  std::int32_t version_;
  std::string prefix_;
  std::size_t max_ops_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  assignment_batch batch_;
  std::vector<store::write_op> changes_;
  std::set<node_id> touched_;
  std::set<std::pair<node_id, job_id>> made_;
  std::map<node_id, store::assigned_payload> counters_;
  std::vector<assignment_batch> done_;
};

} // namespace

std::vector<assignment_batch> make_batches(const cluster_image& image, const store::tree_schema& tree,
                                           const std::vector<item_transfer>& transfers, const std::set<node_id>& adopt,
                                           const std::string& latch, std::int32_t version, const std::string& id_prefix,
                                           std::size_t max_ops, std::size_t max_bytes) {
  batcher b{image, tree, latch, version, id_prefix, max_ops, max_bytes};
  for (const auto& t : transfers) {
    b.add(t);
  }
  for (const auto& worker : adopt) {
    if (b.full()) {
      b.close();
    }
    b.touch(worker);
  }
  b.close();
  return b.take();
}

void apply(cluster_image& image, const assignment_batch& batch) {
  for (const auto& t : batch.transfers) {
    image.apply(t);
  }
  for (const auto& [worker, job] : batch.folders) {
    image.workers[worker].folders.insert(job);
  }
  for (const auto& [worker, payload] : batch.touched) {
    auto& w = image.workers[worker];
    w.assigned_incarnation = payload.incarnation;
    w.assigned_counter = payload.counter;
  }
}

} // namespace djm
