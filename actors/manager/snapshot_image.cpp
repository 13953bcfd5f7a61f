#include "actors/manager/snapshot_image.hpp"

namespace djm {

using store::rc;

namespace {

void add_worker(const store::tree_snapshot::worker& from, cluster_image& image) {
  const auto& record = from.record;
  if (!is_valid_id(record.id) || record.code != rc::ok) {
    return;
  }
  auto& w = image.workers[record.id];
  w.registration = record.registration.value;
  w.former_mark = record.former_mark;
  w.available = {record.available.begin(), record.available.end()};
  w.alive = from.alive.life.value ? from.alive.life.value->incarnation : std::string{};
}

void add_job(const store::job_record& record, cluster_image& image) {
  if (!is_valid_id(record.id) || record.code != rc::ok) {
    return;
  }
  if (record.pool.value) {
    image.jobs[record.id].pool = *record.pool.value;
  }
  image.set_items(record.id, record.items);
}

} // namespace

expected<cluster_image> image_of(const store::tree_snapshot& tree) {
  if (!tree.missing.empty()) {
    return fail(errc::malformed_payload, tree.missing.front() + " is missing: the tree is incomplete");
  }
  cluster_image image;
  image.all_disabled = tree.all_disabled;
  image.marks = tree.marks;
  for (const auto& [name, said] : tree.refusals) {
    image.refusals[name] = {said, false}; // who wrote it removes it when its time is over
  }
  for (const auto& w : tree.workers) {
    add_worker(w, image);
  }
  for (const auto& j : tree.jobs) {
    add_job(j.record, image);
  }
  for (const auto& w : tree.workers) {
    for (const auto& [job, items] : w.assigned) {
      image.add_assigned(w.record.id, job, items);
    }
  }
  return image;
}

std::set<node_id> away(const cluster_image& image) {
  std::set<node_id> result;
  for (const auto& [id, w] : image.workers) {
    if (!w.is_alive() && !w.has_left()) {
      result.insert(id);
    }
  }
  return result;
}

} // namespace djm
