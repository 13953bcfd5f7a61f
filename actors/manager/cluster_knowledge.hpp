#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/manager/assignment_writer.hpp"
#include "actors/manager/cluster_image.hpp"

namespace djm {

/// What the leader knows of the cluster: the image, and the versions of the tree that it shows. The refresh puts in
/// what it has read, the other activities what they have written themselves; everybody may look.
///
/// While the image is read from the ground up it is in pieces: then its figures are those that it had before.
class cluster_knowledge {
public:
  struct figures {
    std::uint32_t workers = 0, jobs = 0, items = 0, assigned = 0;
  };

  const cluster_image& image() const { return image_; }
  /// Whether it has ever been whole.
  bool known() const { return known_; }
  bool whole() const { return known_ && !rebuilding_; }
  figures counts() const { return known_ && rebuilding_ ? before_ : counted(); }
  /// What guards assignments, and what guards who is there.
  std::int32_t assignment_version() const { return assignment_version_; }
  std::int32_t worker_version() const { return worker_version_; }

  // -- what was read --

  /// Everything is read anew. The version was read before everything that it guards.
  void rebuild(std::int32_t assignment_version);
  void members_read(std::int32_t worker_version) { worker_version_ = worker_version; }
  /// All of it has been read.
  void complete() {
    known_ = true;
    rebuilding_ = false;
  }

  void put_worker(const node_id& id, worker_image w) { image_.workers[id] = std::move(w); }
  /// Its registration cannot be read. What is assigned to it still is.
  void hide_worker(const node_id& id) { image_.workers.erase(id); }
  void remove_worker(const node_id& id) { image_.remove_worker(id); }
  /// Who holds `alive/<w>`; empty: nobody. A worker that is not in the image has no place for it.
  void put_alive(const node_id& id, const std::string& incarnation);
  void put_mark(const node_id& id, const store::mark_payload& m) { image_.marks[id] = m; }
  void drop_marks() { image_.marks.clear(); }
  void put_refusal(const std::string& name, refusal_image r) { image_.refusals[name] = std::move(r); }
  void refusal_is_over(const std::string& name) { image_.refusals.at(name).over = true; }
  void drop_refusal(const std::string& name) { image_.refusals.erase(name); }
  void put_all_disabled(bool x) { image_.all_disabled = x; }
  /// The pool node of a job; its items are those of `put_items`.
  void put_pool(const job_id& id, store::pool_payload p) { image_.jobs[id].pool = std::move(p); }
  void put_items(const job_id& id, const std::vector<item_id>& names) { image_.set_items(id, names); }
  void remove_job(const job_id& id) { image_.remove_job(id); }
  void put_assigned(const node_id& worker, const job_id& job, const std::vector<item_id>& items) {
    image_.add_assigned(worker, job, items);
  }
  void remove_folder(const node_id& worker, const job_id& job) { image_.workers.at(worker).folders.erase(job); }

  // -- what was written --

  /// A transaction of a plan is committed.
  void written(const assignment_batch& batch);
  /// Another transaction of this leader has bumped the version.
  void bumped_assignments() { ++assignment_version_; }
  void bumped_workers() { ++worker_version_; }

private:
  figures counted() const;

  cluster_image image_;
  std::int32_t assignment_version_ = 0;
  std::int32_t worker_version_ = 0;
  bool known_ = false;
  bool rebuilding_ = false;
  figures before_;
};

} // namespace djm
