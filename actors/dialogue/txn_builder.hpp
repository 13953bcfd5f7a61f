#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "zkstore/types.hpp"

namespace djm {

/// What became of a transaction, in the words of the core that built it.
template <class Label>
class txn_outcome {
public:
  txn_outcome(const std::vector<std::optional<Label>>& labels, const store::commit_outcome& outcome)
    : labels_(labels), outcome_(outcome) {}

  const store::committed* committed() const { return std::get_if<store::committed>(&outcome_); }
  const store::conflict* conflict() const { return std::get_if<store::conflict>(&outcome_); }
  const store::rejected* rejected() const { return std::get_if<store::rejected>(&outcome_); }

  /// The label of the operation that met a conflict; null: there was none, or not at an operation with a label.
  const Label* failed() const {
    const auto* c = conflict();
    return c != nullptr && c->index < labels_.size() && labels_[c->index] ? &*labels_[c->index] : nullptr;
  }
  bool failed(const Label& at) const { return failed() != nullptr && *failed() == at; }
  bool failed(const Label& at, store::rc code) const { return failed(at) && conflict()->code == code; }

private:
  const std::vector<std::optional<Label>>& labels_;
  const store::commit_outcome& outcome_;
};

/// Operations that are committed together. Those of which somebody wants to know whether they have failed have a label:
/// the name of a guard, what the operation is about, or a variant of both.
///
///   enum class guard { nobody_joined };
///   txn_builder<std::variant<guard, item_ref>> txn;
///   txn.add(store::check_op{latch});
///   txn.add(guard::nobody_joined, store::check_op{tree.worker_version(), version});
///   txn.add(item, store::remove_op{tree.lock(item.job, item.item), 0});
///   ... later, with its outcome:
///   if (outcome.failed(guard::nobody_joined)) { ... } else if (const auto* label = outcome.failed()) { ... }
template <class Label>
class txn_builder {
public:
  void add(std::optional<Label> label, store::write_op op) {
    txn_.ops.push_back(std::move(op));
    labels_.push_back(std::move(label));
  }
  void add(store::write_op op) { add(std::nullopt, std::move(op)); }

  std::size_t size() const { return txn_.ops.size(); }
  /// Another operation in place of that one, with the same label.
  void replace(std::size_t at, store::write_op op) { txn_.ops.at(at) = std::move(op); }
  /// Takes back what was added since there were `size` operations.
  void shrink(std::size_t size) {
    txn_.ops.resize(size);
    labels_.resize(size);
  }
  const store::transaction& txn() const { return txn_; }

  store::transaction take_txn() { return std::move(txn_); }
  std::vector<std::optional<Label>> take_labels() { return std::move(labels_); }

private:
  store::transaction txn_;
  std::vector<std::optional<Label>> labels_;
};

} // namespace djm
