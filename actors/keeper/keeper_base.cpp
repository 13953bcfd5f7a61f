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
  read_batch ask;
  const base_slots slots{ask.get(tree_.format()), ask.exists(tree_.root()), ask.children(tree_.latches()),
                         ask.each(base_paths(), [](const auto& path) { return store::exists(path); })};
  store_.read(doing::reading_base, ask, true, out, &keeper_core::apply_base, slots);
}

void keeper_core::apply_base(const base_slots& slots, step, effects& out) {
  if (slots.format->code == rc::ok) {
    auto format = store::decode<store::format_payload>(slots.format->data, tree_.format());
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
  if (slots.root->code != rc::no_node) {
    make_base(slots, out);
    return;
  }
  read_batch ask;
  const auto chain = ask.each(root_chain(), [](const std::string& path) { return store::exists(path); });
  store_.read(doing::reading_root, ask, true, out, &keeper_core::apply_root, chain);
}

void keeper_core::make_base(const base_slots& slots, effects& out) {
  txn_builder<guard> txn;
  bool from_zero = false;
  for (const auto& [path, node] : slots.nodes) {
    if (node->code == rc::no_node) {
      txn.add(store::create_op{path, first_data(path)});
      from_zero = from_zero || path == tree_.worker_version() || path == tree_.assignment_version();
    }
  }
  if (from_zero) {
    end_all_terms(slots.latches->children, txn);
  }
  if (txn.size() > 0) {
    store_.commit(doing::writing_base, session_.number, std::move(txn), out, &keeper_core::base_written);
    return;
  }
  prepared_ = true;
  phase_ = phase_ == phase::preparing ? phase::pools : phase_;
}

std::string keeper_core::first_data(const std::string& path) {
  const bool version =
    path == tree_.pool_version() || path == tree_.worker_version() || path == tree_.assignment_version();
  return version                  ? bump()
         : path == tree_.format() ? store::encode(store::format_payload{})
         : path == tree_.pools()  ? store::encode(store::pools_payload{})
                                  : std::string{};
}

/// Whatever became of it, reading the base again tells what is there now.
void keeper_core::base_written(const result& o, step s, effects&) {
  if (!o.committed()) {
    store_.retry(s);
  }
}

/// Only what is missing is made, and nothing above the root belongs to us: others may own what is there, and put trees
/// of their own beside ours.
void keeper_core::apply_root(const read_slots<std::string>& chain, step s, effects& out) {
  std::vector<std::string> missing;
  for (const auto& [path, node] : chain) {
    if (node->code == rc::no_node) {
      missing.push_back(path);
    } else {
      missing.clear();
    }
  }
  if (missing.empty()) {
    store_.retry(s); // it has come meanwhile
    return;
  }
  root_missing_ = missing.front();
  txn_builder<guard> txn;
  txn.add(store::create_op{root_missing_, {}, store::create_mode::persistent, missing.size() > 1});
  store_.commit(doing::writing_root, session_.number, std::move(txn), out, &keeper_core::root_written);
}

void keeper_core::root_written(const result& o, step s, effects&) {
  if (!o.committed() && (o.conflict() == nullptr || o.conflict()->code != rc::node_exists)) {
    store_.retry(s);
  }
}

/// A version node that is made anew counts from zero, so what a leader sent before it was lost could match again, and
/// break a lock that is somebody else's by now. No leader outlives the node: its latch goes in the same multi. Who
/// leads is always among the lowest.
void keeper_core::end_all_terms(const std::vector<std::string>& latches, txn_builder<guard>& txn) const {
  auto names = latches;
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return store::sequence_of(a).value_or(-1) < store::sequence_of(b).value_or(-1);
  });
  for (const auto& name : names) {
    if (txn.size() >= batch_.now()) {
      break;
    }
    txn.add(store::remove_op{tree_.latch(name)});
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
