#include "actors/keeper/access_walk.hpp"

#include <utility>

namespace djm {

using store::rc;

namespace {

/// So many nodes are asked about at once.
constexpr std::size_t batch = 100;

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

std::vector<store::read_op> access_walk::to_read() {
  asked_.clear();
  const bool listing = !list_.empty();
  if (!listing && look_.empty()) {
    look_.push_back(std::exchange(last_, {}));
  }
  const auto& paths = listing ? list_ : look_;
  for (std::size_t i = 0; i < paths.size() && i < batch; ++i) {
    asked_.push_back(listing ? store::children(paths[i]) : store::access(paths[i]));
  }
  return asked_;
}

void access_walk::on_read(const store::read_outcome& r) {
  for (std::size_t i = 0; i < r.results.size(); ++i) {
    const auto& x = r.results[i];
    const auto& path = asked_[i].path;
    const bool listing = asked_[i].kind == store::read_kind::children;
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
