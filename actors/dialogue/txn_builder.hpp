#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "zkstore/types.hpp"

namespace djm {

/// For transactions of which it matters to nobody which operation failed besides the guards.
struct nothing {
  friend bool operator==(nothing, nothing) { return true; }
};

/// What became of a transaction, in the words of the core that built it.
template <class Guard, class Subject = nothing>
class txn_outcome {
public:
  using label = std::variant<std::monostate, Guard, Subject>;

  txn_outcome(const std::vector<label>& labels, const store::commit_outcome& outcome)
    : labels_(labels), outcome_(outcome) {}

  const store::committed* committed() const { return std::get_if<store::committed>(&outcome_); }
  const store::conflict* conflict() const { return std::get_if<store::conflict>(&outcome_); }
  const store::rejected* rejected() const { return std::get_if<store::rejected>(&outcome_); }
  bool unknown() const { return std::holds_alternative<store::unknown>(outcome_); }
  bool session_lost() const { return std::holds_alternative<store::session_lost>(outcome_); }

  /// Met a conflict at this guard.
  bool failed(Guard g) const {
    const auto* at = met<Guard>();
    return at != nullptr && *at == g;
  }
  bool failed(Guard g, store::rc code) const { return failed(g) && conflict()->code == code; }
  /// What the operation is about that met a conflict; null: there was none, or not at an operation about something.
  const Subject* failed_about() const { return met<Subject>(); }

private:
  template <class T>
  const T* met() const {
    const auto* c = conflict();
    return c != nullptr && c->index < labels_.size() ? std::get_if<T>(&labels_[c->index]) : nullptr;
  }

  const std::vector<label>& labels_;
  const store::commit_outcome& outcome_;
};

/// Operations that are committed together. Guards have names, other operations are about something where somebody wants
/// to know which of them failed:
///
///   enum class guard { latch, worker_version };
///   txn_builder<guard, item_ref> txn;
///   txn.guard(guard::latch, store::check_op{latch});
///   txn.about(item, store::remove_op{tree.lock(item.job, item.item), 0});
///   ... later, with its outcome:
///   if (outcome.failed(guard::latch)) { ... } else if (const auto* item = outcome.failed_about()) { ... }
template <class Guard, class Subject = nothing>
class txn_builder {
public:
  using outcome = txn_outcome<Guard, Subject>;

  void guard(Guard g, store::write_op op) { add(std::move(op), g); }
  void about(Subject what, store::write_op op) { add(std::move(op), std::move(what)); }
  void add(store::write_op op) { add(std::move(op), std::monostate{}); }

  std::size_t size() const { return txn_.ops.size(); }
  /// Takes back what was added since there were `size` operations.
  void shrink(std::size_t size) {
    txn_.ops.resize(size);
    labels_.resize(size);
  }
  const store::transaction& txn() const { return txn_; }

  store::transaction take_txn() { return std::move(txn_); }
  std::vector<typename outcome::label> take_labels() { return std::move(labels_); }

private:
  void add(store::write_op op, typename outcome::label label) {
    txn_.ops.push_back(std::move(op));
    labels_.push_back(std::move(label));
  }

  store::transaction txn_;
  std::vector<typename outcome::label> labels_;
};

} // namespace djm
