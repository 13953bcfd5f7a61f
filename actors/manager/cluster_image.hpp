#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "djm/prepare_context.hpp"
#include "djm/strategy.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// What the leader knows about a worker.
struct worker_image {
  /// `workers/<w>`; nothing while it is missing or malformed: such a worker gets no work.
  std::optional<store::worker_payload> registration;
  /// Marks that a version without `marks/<w>` has written into the registration: `marks/<w>` overrules them.
  store::mark_payload former_mark;
  store::zxid_t mzxid = 0;
  std::int32_t version = 0;
  std::set<job_id> available;
  /// Incarnation in `alive/<w>`; empty: absent or malformed.
  std::string alive;
  /// `workers/<w>/assigned`; only leaders write it.
  std::string assigned_incarnation;
  std::int64_t assigned_counter = 0;
  bool assigned_exists = false;
  /// Folders below `assigned` that exist.
  std::set<job_id> folders;

  /// Registered and present in the same incarnation.
  bool is_alive() const { return registration && !alive.empty() && registration->incarnation == alive; }
  bool has_left() const { return !registration || (registration->left && alive.empty()); }
};

/// What the leader knows about a job. Owners are positions in `cluster_image::names`.
struct job_image_state {
  /// The latest that could be read: a malformed one does not stop a job.
  store::pool_payload pool;
  std::shared_ptr<const item_set> items;
  std::vector<worker_index> owners;
  /// Numbers of the items, sorted by name.
  std::vector<std::uint32_t> by_name;
};

/// A node below `refusals`.
struct refusal_image {
  store::refusal_payload said; ///< of nobody: it is malformed
  bool over = false;
};

/// An assignment node that should not be there: its item left the pool, or it is owned twice. Or it is one of the
/// hidden item of a job, which is in no pool.
struct stray_assignment {
  node_id worker;
  job_id job;
  item_id item;
  bool operator<(const stray_assignment& o) const {
    return std::tie(worker, job, item) < std::tie(o.worker, o.job, o.item);
  }
};

/// One change of ownership to be written; an empty name means nobody.
struct item_transfer {
  job_id job;
  item_id item;
  node_id from;
  node_id to;
};

/// The leader's picture of the cluster: cached, updated from what was read and from what it wrote itself.
class cluster_image {
public:
  std::map<node_id, worker_image> workers;
  std::map<job_id, job_image_state> jobs;
  std::set<stray_assignment> strays;
  /// `marks/<w>`, at least of those that are alive.
  std::map<node_id, store::mark_payload> marks;
  /// `refusals`, by name.
  std::map<std::string, refusal_image> refusals;
  bool all_disabled = false;

  /// What operators want of a worker.
  store::mark_payload mark_of(const node_id& id, const worker_image& w) const;
  /// The number of a worker's name in `owners`; numbers are never reused.
  worker_index number_of(const node_id& name);
  const node_id& name_of(worker_index number) const { return names_[number]; }
  /// How many numbers there are.
  std::size_t numbers() const noexcept { return names_.size(); }

  /// Takes a new list of items over, sorted as every read gives it: owners stay with their items, owners of items that
  /// went become strays. Only names that were not there before are looked at closely.
  void set_items(const job_id& job, const std::vector<item_id>& names);
  /// Takes over what `workers/<w>/assigned/<job>` lists.
  void add_assigned(const node_id& worker, const job_id& job, const std::vector<item_id>& items);
  /// The worker's subtree is gone, and with it what was assigned below it.
  void remove_worker(const node_id& worker);
  /// The job is gone from the pool: everything assigned of it is stray.
  void remove_job(const job_id& job);
  void apply(const item_transfer& t);

  std::uint32_t alive_count() const;
  std::size_t item_count() const;
  std::size_t assigned_count() const;
  std::vector<std::pair<job_id, item_id>> items_of(const node_id& worker) const;
  /// Workers that own an item or have a stray.
  std::set<node_id> owners() const;

private:
  std::vector<node_id> names_;
  std::map<node_id, worker_index> numbers_;
};

/// The planner's question about an image, and how to read its answer.
struct planning_task {
  std::shared_ptr<const assignment_problem> problem;
  std::vector<error> warnings;
};

/// `frozen` are workers that are gone for less than their tolerance: they keep what they have and get nothing, so
/// neither they nor their items are part of the question. `shunned` are planned for as if they were draining: what they
/// have goes to others, and stays only where nobody else has room.
expected<planning_task> make_task(const cluster_image& image, const std::set<node_id>& frozen,
                                  const std::set<node_id>& shunned = {});

/// What has to be written so that the image becomes the plan; hidden items are left alone, other strays and items of
/// disabled jobs go too. In order of job and item.
std::vector<item_transfer> difference(const cluster_image& image, const assignment_problem& problem, const plan& p,
                                      const std::set<node_id>& frozen);

} // namespace djm
