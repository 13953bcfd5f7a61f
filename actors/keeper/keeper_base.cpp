#include "actors/keeper/keeper_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

std::vector<std::string> keeper_core::root_chain() const {
  std::vector<std::string> chain;
  const auto& root = tree_.root();
  for (std::size_t i = 1; i < root.size(); ++i) {
    i = std::min(root.find('/', i), root.size());
    chain.push_back(root.substr(0, i));
  }
  return chain;
}

void keeper_core::read_base(effects& out) {
  read(doing::reading_base,
       {store::get(tree_.format()), store::exists(tree_.root()), store::exists(tree_.alive()),
        store::children(tree_.latches()), store::exists(tree_.workers()), store::exists(tree_.pools()),
        store::exists(tree_.locks()), store::exists(tree_.pool_version()), store::exists(tree_.worker_version()),
        store::exists(tree_.assignment_version()), store::exists(tree_.marks())},
       out);
}

void keeper_core::apply_base(const store::read_outcome& r, effects& out) {
  if (r.results[0].code == rc::ok) {
    auto format = store::decode<store::format_payload>(r.results[0].data, tree_.format());
    if (!format) {
      give_up({errc::format_mismatch, format.error().text}, out);
      return;
    }
    if (format->format != store::format_version) {
      give_up({errc::format_mismatch, tree_.format() + ": the tree has layout " + std::to_string(format->format) +
                                        ", this version of djm reads and writes layout " +
                                        std::to_string(store::format_version)},
              out);
      return;
    }
  }
  if (r.results[1].code == rc::no_node) {
    std::vector<store::read_op> ops;
    for (auto& path : root_chain()) {
      ops.push_back(store::exists(std::move(path)));
    }
    read(doing::reading_root, std::move(ops), out);
    return;
  }
  store::transaction txn;
  auto add = [&](std::size_t i, std::string path, std::string data) {
    if (r.results[i].code == rc::no_node) {
      txn.ops.push_back(store::create_op{std::move(path), std::move(data), store::create_mode::persistent});
    }
  };
  add(0, tree_.format(), store::encode(store::format_payload{}));
  add(2, tree_.alive(), {});
  add(3, tree_.latches(), {});
  add(4, tree_.workers(), {});
  add(5, tree_.pools(), store::encode(store::pools_payload{}));
  add(6, tree_.locks(), {});
  add(7, tree_.pool_version(), bump());
  add(8, tree_.worker_version(), bump());
  add(9, tree_.assignment_version(), bump());
  add(10, tree_.marks(), {});
  if (r.results[8].code == rc::no_node || r.results[9].code == rc::no_node) {
    end_all_terms(r.results[3].children, txn);
  }
  if (!txn.ops.empty()) {
    commit(doing::writing_base, std::move(txn), out);
    return;
  }
  prepared_ = true;
  phase_ = phase_ == phase::preparing ? phase::pools : phase_;
}

/// Only what is missing is made, and nothing above the root belongs to us: others may own what is there, and put trees
/// of their own beside ours.
void keeper_core::apply_root(const store::read_outcome& r, step s, effects& out) {
  const auto chain = root_chain();
  std::size_t first = chain.size();
  while (first > 0 && r.results[first - 1].code == rc::no_node) {
    --first;
  }
  if (first == chain.size()) {
    later(s); // it has come meanwhile
    return;
  }
  root_missing_ = chain[first];
  store::transaction txn;
  txn.ops.push_back(store::create_op{chain[first], {}, store::create_mode::persistent, first + 1 < chain.size()});
  commit(doing::writing_root, std::move(txn), out);
}

/// A version node that is made anew counts from zero, so what a leader sent before it was lost could match again, and
/// break a lock that is somebody else's by now. No leader outlives the node: its latch goes in the same multi. Who
/// leads is always among the lowest.
void keeper_core::end_all_terms(const std::vector<std::string>& latches, store::transaction& txn) const {
  auto names = latches;
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return store::sequence_of(a).value_or(-1) < store::sequence_of(b).value_or(-1);
  });
  for (const auto& name : names) {
    if (txn.ops.size() >= batch_.now()) {
      break;
    }
    txn.ops.push_back(store::remove_op{tree_.latch(name)});
  }
}

/// Something that a transaction relies on is not there. It may be a part of the base that somebody has deleted, so that
/// is looked at before the next attempt.
void keeper_core::doubt_base(const store::conflict* met) {
  if (met == nullptr || met->code != rc::no_node) {
    return;
  }
  prepared_ = false;
  if (phase_ == phase::pools || phase_ == phase::registering) {
    phase_ = phase::preparing;
  }
}

std::string keeper_core::bump() {
  return store::encode(store::version_payload{cfg_.incarnation + "-k" + std::to_string(next_bump_++)});
}

} // namespace djm
