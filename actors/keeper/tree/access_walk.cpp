#include "actors/keeper/tree/access_walk.hpp"

#include <utility>

namespace djm {

using store::rc;

namespace {

/// So many nodes are asked about at once.
constexpr std::size_t most = 100;

} // namespace

void access_walk::closed(bool changed) {
  count_ += changed ? 1 : 0;
  list_.push_back(std::move(open_.front()));
  open_.pop_front();
}

void access_walk::refused() {
  foreign_.push_back(std::move(open_.front()));
  open_.pop_front();
}

read_batch access_walk::to_read() {
  const bool listing = !list_.empty();
  if (!listing && look_.empty()) {
    look_.push_back(std::exchange(last_, {}));
  }
  read_batch ask;
  const auto& paths = listing ? list_ : look_;
  for (std::size_t i = 0; i < paths.size() && i < most; ++i) {
    ask.add(listing ? store::children(paths[i]) : store::access(paths[i]));
  }
  return ask;
}

void access_walk::on_read(const read_batch& asked) {
  for (const auto& [read, x] : asked) {
    const auto& path = read.path;
    const bool listing = read.kind == store::read_kind::children;
    (listing ? list_ : look_).pop_front();
    if (x.code == rc::no_auth) {
      foreign_.push_back(path);
    } else if (x.code != rc::ok) {
      continue; // it is gone
    } else if (listing) {
      for (const auto& name : x.children) {
        auto child = path == "/" ? path + name : path + "/" + name;
        if (child != last_) {
          look_.push_back(std::move(child));
        }
      }
    } else {
      (x.open ? open_ : list_).push_back(path);
    }
  }
}

} // namespace djm
