#include "actors/manager/image_reader.hpp"

namespace djm {

using store::rc;

read_batch image_reader::next() {
  read_batch ask;
  switch (round_) {
  case round::base:
    base_ = {ask.children(tree_.workers()), ask.get(tree_.pools()), ask.children(tree_.pools()),
             ask.children(tree_.marks())};
    break;
  case round::details:
    for (auto& w : workers_) {
      w = {w.id, ask.get(tree_.worker(w.id)), ask.children(tree_.available(w.id)), ask.children(tree_.assigned(w.id)),
           ask.get(tree_.alive(w.id))};
    }
    for (auto& j : jobs_) {
      j = {j.id, ask.get(tree_.pool(j.id)), ask.children(tree_.pool(j.id))};
    }
    marks_ = ask.each(marked_, [this](const node_id& id) { return store::get(tree_.mark(id)); });
    break;
  case round::items:
    folders_ =
      ask.each(assigned_, [this](const folder& f) { return store::children(tree_.assigned(f.worker, f.job)); });
    break;
  case round::done: break;
  }
  return ask;
}

expected<void> image_reader::take() {
  switch (round_) {
  case round::base:
    if (auto ok = take_base(); !ok) {
      return ok;
    }
    round_ = workers_.empty() && jobs_.empty() ? round::done : round::details;
    break;
  case round::details:
    take_details();
    round_ = assigned_.empty() ? round::done : round::items;
    break;
  case round::items:
    take_items();
    round_ = round::done;
    break;
  case round::done: break;
  }
  return {};
}

expected<void> image_reader::take_base() {
  const auto& workers = *base_.workers;
  const auto& pools = *base_.pools;
  const auto& jobs = *base_.jobs;
  if (workers.code != rc::ok || pools.code != rc::ok || jobs.code != rc::ok) { // without marks nobody is marked
    return fail(errc::malformed_payload,
                (workers.code != rc::ok ? tree_.workers() : tree_.pools()) + " is missing: the tree is incomplete");
  }
  for (const auto& name : workers.children) {
    if (is_valid_id(name)) {
      workers_.push_back({name, {}, {}, {}, {}});
    }
  }
  if (auto p = store::decode<store::pools_payload>(pools.data, tree_.pools())) {
    image_.all_disabled = p->all_disabled;
  }
  for (const auto& name : jobs.children) {
    if (is_valid_id(name)) {
      jobs_.push_back({name, {}, {}});
    }
  }
  for (const auto& name : base_.marks->children) {
    if (is_valid_id(name)) {
      marked_.push_back(name);
    }
  }
  return {};
}

void image_reader::take_details() {
  for (const auto& slots : workers_) {
    const auto& id = slots.id;
    const auto& registration = *slots.registration;
    const auto& available = *slots.available;
    const auto& alive = *slots.alive;
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
    for (const auto& job : slots.assigned->children) {
      assigned_.push_back({id, job});
    }
  }
  for (const auto& slots : jobs_) {
    const auto& id = slots.id;
    const auto& data = *slots.pool;
    const auto& list = *slots.items;
    if (data.code != rc::ok || list.code != rc::ok) {
      continue;
    }
    if (auto p = store::decode<store::pool_payload>(data.data, tree_.pool(id))) {
      image_.jobs[id].pool = std::move(*p);
    }
    image_.set_items(id, list.children);
  }
  for (const auto& [id, mark] : marks_) {
    if (auto m = store::decode<store::mark_payload>(mark->data, tree_.mark(id))) {
      image_.marks[id] = *m;
    }
  }
}

void image_reader::take_items() {
  for (const auto& [where, items] : folders_) {
    if (items->code == rc::ok) {
      image_.add_assigned(where.worker, where.job, items->children);
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
