#include "test/sim/order_truth.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace djm::sim {

namespace {

constexpr std::string_view prefix = "outsider_";

} // namespace

std::string order_truth::name_of(std::uint32_t life, std::uint64_t order) {
  return fmt::format("{}{}_{}", prefix, life, order);
}

void order_truth::look() {
  if (current_ != nullptr) {
    current_->stood = current_->stood || place_.stands(current_->what, nodes_);
    current_->missed = current_->missed || nodes_.count(place_.subject(current_->what)) == 0;
  }
}

void order_truth::begins(const std::string& name, order_core::order what, order_mode mode) {
  auto& e = orders_[name];
  e.name = name;
  e.what = std::move(what);
  e.mode = mode;
  current_ = &e;
  look();
}

void order_truth::apply(const store::node_change& change) {
  if (!place_.is_of_interest(change.path) || change.what == store::node_change::kind::access) {
    return;
  }
  if (change.what == store::node_change::kind::remove) {
    nodes_.erase(change.path);
  } else {
    nodes_[change.path] = change.data;
  }
}

void order_truth::history_begins(const store::znode_tree& tree) {
  nodes_.clear();
  for (const auto& path : tree.paths()) {
    if (place_.is_of_interest(path)) {
      nodes_[path] = tree.find(path)->data;
    }
  }
  for (auto& [name, e] : orders_) {
    e.former = true;
  }
  look();
}

/// By the name that a version node tells; null: none does.
order_truth::entry* order_truth::author(const store::committed_transaction& txn) {
  for (const auto& change : txn.changes) {
    if (change.path != place_.tree().worker_version() && change.path != place_.tree().pool_version() &&
        change.path != place_.tree().jobs_version()) {
      continue;
    }
    const auto begin = std::search(change.data.begin(), change.data.end(), prefix.begin(), prefix.end());
    const auto end =
      std::find_if(begin, change.data.end(), [](unsigned char c) { return !std::isalnum(c) && c != '_'; });
    if (const auto i = orders_.find(std::string{begin, end}); i != orders_.end()) {
      return &i->second;
    }
  }
  return nullptr;
}

void order_truth::committed(const store::committed_transaction& txn) {
  const bool his = sessions_.count(txn.session) > 0 && !txn.changes.empty();
  const auto before = his ? nodes_ : contents{};
  for (const auto& change : txn.changes) {
    apply(change);
  }
  look();
  if (!his) {
    return;
  }
  if (auto* e = author(txn)) {
    wrote(*e, txn, before);
  } else {
    say_(fmt::format("zxid {}: somebody outside changes {} and {} more, and no version node tells of it", txn.zxid,
                     txn.changes.front().path, txn.changes.size() - 1));
  }
}

void order_truth::wrote(entry& e, const store::committed_transaction& txn, const contents& before) {
  ++e.writes;
  e.latest = txn.zxid;
  ++counts_.written;
  counts_.written_unknown += e.answer == told::unknown ? 1 : 0;
  if (e.mode == order_mode::dry_run) {
    say_(fmt::format("zxid {}: {} was a dry run, and is written", txn.zxid, e.name));
  }
  if (e.answer == told::refused) {
    say_(fmt::format("zxid {}: {} was told as refused, and is carried out", txn.zxid, e.name));
  }
  if (e.answer == told::done) {
    say_(fmt::format("zxid {}: {} was told as done, and is carried out once more", txn.zxid, e.name));
  }
  if (!e.former) {
    check_rest(e, txn, before);
  }
}

void order_truth::check_rest(const entry& e, const store::committed_transaction& txn, const contents& before) {
  const auto place = place_.subject(e.what);
  for (const auto& change : txn.changes) {
    if (place_.is_of_interest(change.path) && change.path != place && change.path != place + "/config") {
      say_(fmt::format("zxid {}: {} changes {}, and is about {}", txn.zxid, e.name, change.path, place));
    }
  }
  if (!place_.keeps_the_rest(e.what, before, nodes_)) {
    say_(fmt::format("zxid {}: {} overwrites what others have written into {}", txn.zxid, e.name, place));
  }
}

void order_truth::answered(const expected<order_result>& result) {
  if (current_ == nullptr) {
    return;
  }
  look();
  auto& e = *current_;
  current_ = nullptr;
  if (result) {
    e.answer = told::done;
    check_done(e, *result);
    ++(e.mode == order_mode::dry_run ? counts_.dry : result->changed ? counts_.done : counts_.standing);
  } else if (result.error().code == errc::unknown_outcome) {
    e.answer = told::unknown;
    ++counts_.unknown;
  } else {
    e.answer = told::refused;
    ++counts_.refused;
    if (e.writes > 0) {
      say_(fmt::format("{} was carried out, and is told as refused: {}", e.name, result.error().text));
    }
    if (result.error().code == errc::unknown_job && !e.missed) {
      say_(fmt::format("{} is refused for {}, which was there all the time", e.name, place_.subject(e.what)));
    }
  }
}

void order_truth::check_done(const entry& e, const order_result& r) {
  if (e.mode == order_mode::dry_run) {
    return;
  }
  if (!e.stood) {
    say_(fmt::format("{} is told as done, and has never stood in {}", e.name, place_.subject(e.what)));
  }
  if (!r.changed && e.writes > 0) {
    say_(fmt::format("{} has changed the tree, and is told as standing already", e.name));
  }
  if (r.zxid != 0 && (e.writes == 0 || e.latest != r.zxid)) {
    say_(fmt::format("{} is told as written with zxid {}, which is not its own", e.name, r.zxid));
  }
}

} // namespace djm::sim
