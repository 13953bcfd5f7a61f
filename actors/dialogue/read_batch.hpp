#pragma once

#include <cassert>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "zkstore/types.hpp"

namespace djm {

/// Where the answer to one read of a batch will stand. It fits the answers to that batch and no others.
class read_slot {
public:
  read_slot() = default;

private:
  friend class read_batch;
  friend class read_answers;
  template <class T>
  friend class read_slots;
  using reads = std::vector<store::read_op>;

  read_slot(const reads* batch, std::size_t place) : batch_(batch), place_(place) {}

  const reads* batch_ = nullptr;
  std::size_t place_ = 0;
};

/// Two lists of one length, seen as one list of pairs of references. Owns nothing.
template <class A, class B>
class side_by_side {
public:
  class iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::pair<const A&, const B&>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value_type;

    iterator(const A* a, const B* b) : a_(a), b_(b) {}
    value_type operator*() const { return {*a_, *b_}; }
    iterator& operator++() {
      ++a_;
      ++b_;
      return *this;
    }
    bool operator!=(const iterator& other) const { return a_ != other.a_; }

  private:
    const A* a_;
    const B* b_;
  };

  side_by_side(const std::vector<A>& a, const B* b) : a_(a), b_(b) {}
  iterator begin() const { return {a_.data(), b_}; }
  iterator end() const { return {a_.data() + a_.size(), nullptr}; }

private:
  const std::vector<A>& a_;
  const B* b_;
};

/// The same for one read per element of a list; it keeps the elements, so that each answer comes with what it is about.
template <class T>
class read_slots {
public:
  read_slots() = default;

  const std::vector<T>& about() const { return about_; }
  bool empty() const { return about_.empty(); }

private:
  friend class read_batch;
  friend class read_answers;

  read_slots(read_slot first, std::vector<T> about) : first_(first), about_(std::move(about)) {}

  read_slot first_;
  std::vector<T> about_;
};

/// Reads that are asked together. Each `get`, `exists`, ... gives a slot, and the answers are read by slots:
///
///   read_batch ask;
///   const auto worker = ask.get(tree.worker(id));
///   const auto locks = ask.each(items, [&](const item_ref& i) { return store::get(tree.lock(i.job, i.item)); });
///   ... later, with the answers to `ask`:
///   if (answers[worker].code == store::rc::ok) { ... }
///   for (const auto& [item, lock] : answers[locks]) { ... }
class read_batch {
public:
  read_slot add(store::read_op op) {
    reads_->push_back(std::move(op));
    return {reads_.get(), reads_->size() - 1};
  }
  read_slot get(std::string path, bool watch = false) { return add(store::get(std::move(path), watch)); }
  read_slot exists(std::string path, bool watch = false) { return add(store::exists(std::move(path), watch)); }
  read_slot children(std::string path, bool watch = false) { return add(store::children(std::move(path), watch)); }

  /// One read for each element: `op_of(element)`.
  template <class T, class F>
  read_slots<T> each(std::vector<T> about, F op_of) {
    const read_slot first{reads_.get(), reads_->size()};
    for (const auto& x : about) {
      reads_->push_back(op_of(x));
    }
    return {first, std::move(about)};
  }

  bool empty() const { return reads_->empty(); }
  std::size_t size() const { return reads_->size(); }

  /// What was asked, for whoever sends it and for the answers.
  std::shared_ptr<const std::vector<store::read_op>> reads() const { return reads_; }

private:
  std::shared_ptr<std::vector<store::read_op>> reads_ = std::make_shared<std::vector<store::read_op>>();
};

/// The answers to one batch, one per read.
class read_answers {
public:
  read_answers(std::shared_ptr<const std::vector<store::read_op>> reads, std::vector<store::read_result> results)
    : reads_(std::move(reads)), results_(std::move(results)) {
    assert(reads_->size() == results_.size());
  }

  const store::read_result& operator[](const read_slot& slot) const {
    assert(slot.batch_ == reads_.get() && "a slot of another batch");
    return results_[slot.place_];
  }
  /// Each element of the list with the answer about it.
  template <class T>
  side_by_side<T, store::read_result> operator[](const read_slots<T>& slots) const {
    assert((slots.empty() || slots.first_.batch_ == reads_.get()) && "slots of another batch");
    return {slots.about_, results_.data() + slots.first_.place_};
  }
  /// Each question with its answer, for rules that hold for all of them.
  side_by_side<store::read_op, store::read_result> all() const { return {*reads_, results_.data()}; }

private:
  std::shared_ptr<const std::vector<store::read_op>> reads_;
  std::vector<store::read_result> results_;
};

} // namespace djm
