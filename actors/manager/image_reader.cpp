#include "actors/manager/image_reader.hpp"

namespace djm {

using store::rc;

std::vector<store::read_op> image_reader::next() {
  std::vector<store::read_op> ops;
  switch (round_) {
  case round::base:
    ops = {store::children(tree_.workers()), store::get(tree_.pools()), store::children(tree_.pools()),
           store::children(tree_.marks())};
    break;
  case round::details:
    for (const auto& id : workers_) {
      ops.push_back(store::get(tree_.worker(id)));
      ops.push_back(store::children(tree_.available(id)));
      ops.push_back(store::children(tree_.assigned(id)));
      ops.push_back(store::get(tree_.alive(id)));
    }
    for (const auto& id : jobs_) {
      ops.push_back(store::get(tree_.pool(id)));
      ops.push_back(store::children(tree_.pool(id)));
    }
    for (const auto& id : marked_) {
      ops.push_back(store::get(tree_.mark(id)));
    }
    break;
  case round::items:
    for (const auto& [worker, job] : folders_) {
      ops.push_back(store::children(tree_.assigned(worker, job)));
    }
    break;
  case round::done: break;
  }
  return ops;
}

expected<void> image_reader::take(const store::read_outcome& r) {
  switch (round_) {
  case round::base:
    if (auto ok = take_base(r); !ok) {
      return ok;
    }
    round_ = workers_.empty() && jobs_.empty() ? round::done : round::details;
    break;
  case round::details:
    take_details(r);
    round_ = folders_.empty() ? round::done : round::items;
    break;
  case round::items:
    take_items(r);
    round_ = round::done;
    break;
  case round::done: break;
  }
  return {};
}

expected<void> image_reader::take_base(const store::read_outcome& r) {
  for (std::size_t i = 0; i < 3; ++i) { // without marks nobody is marked
    if (r.results[i].code != rc::ok) {
      return fail(errc::malformed_payload,
                  (i == 0 ? tree_.workers() : tree_.pools()) + " is missing: the tree is incomplete");
    }
  }
  for (const auto& name : r.results[0].children) {
    if (is_valid_id(name)) {
      workers_.push_back(name);
    }
  }
  if (auto pools = store::decode<store::pools_payload>(r.results[1].data, tree_.pools())) {
    image_.all_disabled = pools->all_disabled;
  }
  for (const auto& name : r.results[2].children) {
    if (is_valid_id(name)) {
      jobs_.push_back(name);
    }
  }
  for (const auto& name : r.results[3].children) {
    if (is_valid_id(name)) {
      marked_.push_back(name);
    }
  }
  return {};
}

void image_reader::take_details(const store::read_outcome& r) {
  std::size_t i = 0;
  for (const auto& id : workers_) {
    const auto& registration = r.results[i++];
    const auto& available = r.results[i++];
    const auto& assigned = r.results[i++];
    const auto& alive = r.results[i++];
    if (registration.code != rc::ok) {
      continue;
    }
    auto& w = image_.workers[id];
    if (auto p = store::decode<store::worker_payload>(registration.data, tree_.worker(id))) {
      w.registration = std::move(*p);
      w.former_mark = store::decode<store::mark_payload>(registration.data, {}).value_or(store::mark_payload{});
    }
    w.available = {available.children.begin(), available.children.end()};
    if (auto p = store::decode<store::alive_payload>(alive.data, tree_.alive(id)); held_by_session(alive) && p) {
      w.alive = p->incarnation;
    }
    for (const auto& job : assigned.children) {
      folders_.emplace_back(id, job);
    }
  }
  for (const auto& id : jobs_) {
    const auto& data = r.results[i++];
    const auto& list = r.results[i++];
    if (data.code != rc::ok || list.code != rc::ok) {
      continue;
    }
    if (auto p = store::decode<store::pool_payload>(data.data, tree_.pool(id))) {
      image_.jobs[id].pool = std::move(*p);
    }
    image_.set_items(id, list.children);
  }
  for (const auto& id : marked_) {
    if (auto m = store::decode<store::mark_payload>(r.results[i++].data, tree_.mark(id))) {
      image_.marks[id] = *m;
    }
  }
}

void image_reader::take_items(const store::read_outcome& r) {
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    if (r.results[i].code == rc::ok) {
      image_.add_assigned(folders_[i].first, folders_[i].second, r.results[i].children);
    }
  }
}

std::set<node_id> image_reader::away() const {
  std::set<node_id> result;
  for (const auto& [id, w] : image_.workers) {
    if (!w.is_alive() && !w.has_left()) {
      result.insert(id);
    }
  }
  return result;
}

} // namespace djm
