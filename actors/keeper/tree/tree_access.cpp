#include "actors/keeper/tree/tree_access.hpp"

#include <utility>
#include <vector>

namespace djm {

using store::rc;
using topic = keeper_topic;

namespace {

/// How often a tree that is open although it should not be is looked at again.
constexpr std::chrono::minutes between_looks{1};
constexpr auto open_tree = "open tree";

std::string list(const std::vector<std::string>& paths) {
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < paths.size() && i < most; ++i) {
    text += (i > 0 ? ", " : "") + paths[i];
  }
  return paths.size() > most ? text + " and " + std::to_string(paths.size() - most) + " more" : text;
}

} // namespace

bool tree_access::is_due(time_point now) const {
  return !life_.cfg.config.store.digest.empty() && (!known_ || (again_at_ && now >= *again_at_));
}

/// The root and the base say whose the tree is: a few reads, however large it is. Only a walk goes further.
void tree_access::start(keeper_effects& out) {
  read_batch ask;
  if (!walk_) {
    ask.add(store::access(life_.tree.root()));
    for (auto& path : base_.paths()) {
      ask.add(store::access(std::move(path)));
    }
    store_.read(topic::reading_access, ask, true, out, this, &tree_access::apply, ask);
  } else if (auto path = walk_->to_close(); !path.empty()) {
    keeper_txn txn;
    txn.add(store::secure_op{std::move(path)});
    store_.commit(topic::securing, std::move(txn), out, this, &tree_access::closed);
  } else {
    ask = walk_->to_read();
    store_.read(topic::reading_access, ask, true, out, this, &tree_access::apply_walk, ask);
  }
}

void tree_access::apply_walk(const read_batch& asked, step s, keeper_effects& out) {
  walk_->on_read(asked);
  walked(s, out);
}

void tree_access::closed(const keeper_outcome& o, step s, keeper_effects& out) {
  if (o.committed() || (o.conflict() != nullptr && o.conflict()->code == rc::no_node)) {
    walk_->closed(o.committed() != nullptr);
    walked(s, out);
  } else if (o.rejected() != nullptr && o.rejected()->why.code == errc::no_permission) {
    walk_->refused();
    walked(s, out);
  } else {
    store_.retry(s);
  }
}

void tree_access::apply(const read_batch& base, step s, keeper_effects& out) {
  std::vector<std::string> open;
  for (const auto& [asked, found] : base) {
    if (found.code == rc::no_auth) {
      store_.refused("reading " + asked.path, "reading \"" + asked.path + "\" is not permitted", s, out);
      return;
    }
    if (found.code == rc::ok && found.open) {
      open.push_back(asked.path);
    }
  }
  again_at_.reset();
  known_ = true;
  if (open.empty()) {
    store_.relieve(open_tree, out);
  } else if (life_.cfg.config.store.secure_tree) {
    known_ = false;
    walk_.emplace(life_.tree.root(), life_.tree.format());
  } else {
    again_at_ = s.now + between_looks;
    store_.complain(
      open_tree,
      {errc::no_permission,
       "store.digest is set, but anybody may change the tree (" + list(open) +
         "): nodes without the digest take part in it, and do not see this one; close it with store.secure_tree"},
      out);
  }
}

/// A step of the walk is done.
void tree_access::walked(step s, keeper_effects& out) {
  if (!walk_->done()) {
    return;
  }
  const auto walk = *std::exchange(walk_, std::nullopt);
  if (!walk.foreign().empty()) {
    store_.give_up({errc::no_permission,
                    "store.secure_tree: these nodes belong to others and cannot be closed: " + list(walk.foreign())},
                   out);
    return;
  }
  out.push_back(log_effect{log_level::info, "gave " + std::to_string(walk.count()) + " nodes of the tree at \"" +
                                              life_.tree.root() + "\", open until now, to the digest of this node"});
  store_.retry(s); // and looks whether it is so
}

} // namespace djm
