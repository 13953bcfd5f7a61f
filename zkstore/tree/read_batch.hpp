#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "zkstore/types.hpp"

namespace djm {

/// One read of a batch, and its answer as soon as there is one.
class read_slot {
public:
  read_slot() = default;

  const store::read_result& operator*() const {
    assert(batch_ != nullptr && place_ < batch_->answered && "not answered yet");
    return batch_->reads[place_].second;
  }
  const store::read_result* operator->() const { return &**this; }

private:
  friend class read_batch;
  struct batch {
    std::vector<std::pair<store::read_op, store::read_result>> reads;
    std::size_t sent = 0, answered = 0;
  };

  read_slot(std::shared_ptr<const batch> b, std::size_t place) : batch_(std::move(b)), place_(place) {}

  std::shared_ptr<const batch> batch_;
  std::size_t place_ = 0;
};

/// One read for each of several things, so that each answer comes with what it is about.
template <class T>
using read_slots = std::vector<std::pair<T, read_slot>>;

/// Reads that are asked together, once. Each `get`, `exists`, ... gives a slot:
///
///   read_batch ask;
///   const auto worker = ask.get(tree.worker(id));
///   const auto locks = ask.each(items, [&](const item_ref& i) { return store::get(tree.lock(i.job, i.item)); });
///   ... later, when they are answered:
///   if (worker->code == store::rc::ok) { ... }
///   for (const auto& [item, lock] : locks) { ... lock->data ... }
class read_batch {
public:
  read_slot add(store::read_op op) {
    batch_->reads.emplace_back(std::move(op), store::read_result{});
    return {batch_, size() - 1};
  }
  read_slot get(std::string path, bool watch = false) { return add(store::get(std::move(path), watch)); }
  read_slot exists(std::string path, bool watch = false) { return add(store::exists(std::move(path), watch)); }
  read_slot children(std::string path, bool watch = false) { return add(store::children(std::move(path), watch)); }

  /// One read for each element of a list or set: `op_of(element)`.
  template <class List, class F>
  auto each(const List& about, F op_of) {
    read_slots<typename List::value_type> slots;
    for (const auto& x : about) {
      slots.emplace_back(x, add(op_of(x)));
    }
    return slots;
  }

  bool empty() const { return size() == 0; }
  std::size_t size() const { return batch_->reads.size(); }
  /// Each question with its answer, for rules that hold for all of them.
  auto begin() const { return batch_->reads.cbegin(); }
  auto end() const { return batch_->reads.cend(); }

  // -- for whoever sends it --

  /// The questions that come next, at most so many.
  std::vector<store::read_op> next_part(std::size_t most) {
    std::vector<store::read_op> part;
    auto& sent = batch_->sent;
    for (sent = batch_->answered; sent < size() && part.size() < most; ++sent) {
      part.push_back(batch_->reads[sent].first);
    }
    return part;
  }
  /// The answers to the latest part. False: these are not as many.
  bool take(const std::vector<store::read_result>& results) {
    const bool fit = batch_->answered + results.size() == batch_->sent;
    for (std::size_t n = 0; fit && n < results.size(); ++n) {
      batch_->reads[batch_->answered++].second = results[n];
    }
    return fit;
  }
  bool complete() const { return batch_->answered == size(); }

private:
  std::shared_ptr<read_slot::batch> batch_ = std::make_shared<read_slot::batch>();
};

} // namespace djm
