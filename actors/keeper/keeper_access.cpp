#include "actors/keeper/keeper_core.hpp"

#include <utility>

/// Whose the tree is: what the store refuses us, and what it would let everybody do.
namespace djm {

using store::rc;

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

/// Access may have been refused because somebody is just changing it. Who has never joined takes it for an answer when
/// it lasts.
void keeper_core::refused(const std::string& about, const std::string& what, step s, effects& out) {
  if (!refused_since_) {
    refused_since_ = s.now;
  }
  error why{errc::no_permission, what};
  if (!was_joined_ && s.now >= *refused_since_ + cfg_.config.registration_timeout) {
    give_up(std::move(why), out);
    return;
  }
  complain(about, std::move(why), out);
  later(s);
}

bool keeper_core::access_is_due(step s) const {
  return !cfg_.config.store.digest.empty() && (!access_known_ || (access_at_ && s.now >= *access_at_));
}

/// The root and the base say whose the tree is: a few reads, however large it is. Only a walk goes further.
void keeper_core::look_at_access(effects& out) {
  if (!walk_) {
    std::vector<store::read_op> ops{store::access(tree_.root())};
    for (auto& path : base_paths()) {
      ops.push_back(store::access(std::move(path)));
    }
    read(doing::reading_access, std::move(ops), out);
  } else if (auto path = walk_->to_close(); !path.empty()) {
    store::transaction txn;
    txn.ops.push_back(store::secure_op{std::move(path)});
    commit(doing::securing, std::move(txn), out);
  } else {
    read(doing::reading_access, walk_->to_read(), out);
  }
}

void keeper_core::apply_access(const store::read_outcome& r, step s, effects& out) {
  if (walk_) {
    walk_->on_read(r);
    walked(s, out);
    return;
  }
  std::vector<std::string> open;
  for (std::size_t i = 0; i < r.results.size(); ++i) {
    if (r.results[i].code == rc::no_auth) {
      refused("reading " + asked_[i], "reading \"" + asked_[i] + "\" is not permitted", s, out);
      return;
    }
    if (r.results[i].code == rc::ok && r.results[i].open) {
      open.push_back(asked_[i]);
    }
  }
  access_at_.reset();
  access_known_ = true;
  if (open.empty()) {
    relieve(open_tree, out);
  } else if (cfg_.config.store.secure_tree) {
    access_known_ = false;
    walk_.emplace(tree_.root(), tree_.format());
  } else {
    access_at_ = s.now + between_looks;
    complain(
      open_tree,
      {errc::no_permission,
       "store.digest is set, but anybody may change the tree (" + list(open) +
         "): nodes without the digest take part in it, and do not see this one; close it with store.secure_tree"},
      out);
  }
}

/// A step of the walk is done.
void keeper_core::walked(step s, effects& out) {
  if (!walk_->done()) {
    return;
  }
  const auto walk = *std::exchange(walk_, std::nullopt);
  if (!walk.foreign().empty()) {
    give_up({errc::no_permission,
             "store.secure_tree: these nodes belong to others and cannot be closed: " + list(walk.foreign())},
            out);
    return;
  }
  out.push_back(log_effect{log_level::info, "gave " + std::to_string(walk.count()) + " nodes of the tree at \"" +
                                              tree_.root() + "\", open until now, to the digest of this node"});
  later(s); // and looks whether it is so
}

} // namespace djm
