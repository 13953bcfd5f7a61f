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
  store_.complain(about, std::move(why), out);
  store_.retry(s);
}

bool keeper_core::access_is_due(step s) const {
  return !cfg_.config.store.digest.empty() && (!access_known_ || (access_at_ && s.now >= *access_at_));
}

/// The root and the base say whose the tree is: a few reads, however large it is. Only a walk goes further.
void keeper_core::look_at_access(effects& out) {
  read_batch ask;
  if (!walk_) {
    ask.add(store::access(tree_.root()));
    for (auto& path : base_paths()) {
      ask.add(store::access(std::move(path)));
    }
    store_.read(doing::reading_access, ask, true, out, &keeper_core::apply_access, ask);
  } else if (auto path = walk_->to_close(); !path.empty()) {
    txn_builder<guard> txn;
    txn.add(store::secure_op{std::move(path)});
    store_.commit(doing::securing, session_.number, std::move(txn), out, &keeper_core::secured);
  } else {
    ask = walk_->to_read();
    store_.read(doing::reading_access, ask, true, out, &keeper_core::apply_walk, ask);
  }
}

void keeper_core::apply_walk(const read_batch& asked, step s, effects& out) {
  walk_->on_read(asked);
  walked(s, out);
}

void keeper_core::secured(const result& o, step s, effects& out) {
  if (o.committed() || (o.conflict() != nullptr && o.conflict()->code == rc::no_node)) {
    walk_->closed(o.committed() != nullptr);
    walked(s, out);
  } else {
    store_.retry(s);
  }
}

void keeper_core::apply_access(const read_batch& base, step s, effects& out) {
  std::vector<std::string> open;
  for (const auto& [asked, found] : base) {
    if (found.code == rc::no_auth) {
      refused("reading " + asked.path, "reading \"" + asked.path + "\" is not permitted", s, out);
      return;
    }
    if (found.code == rc::ok && found.open) {
      open.push_back(asked.path);
    }
  }
  access_at_.reset();
  access_known_ = true;
  if (open.empty()) {
    store_.relieve(open_tree, out);
  } else if (cfg_.config.store.secure_tree) {
    access_known_ = false;
    walk_.emplace(tree_.root(), tree_.format());
  } else {
    access_at_ = s.now + between_looks;
    store_.complain(
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
  store_.retry(s); // and looks whether it is so
}

} // namespace djm
