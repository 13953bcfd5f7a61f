#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "djm/error.hpp"
#include "djm/ids.hpp"
#include "djm/job_spec.hpp"

namespace djm {

/// Positions within one problem. Workers and jobs are numbered in the order of their names, the items of a job follow
/// each other in the order of a hash of their names, so the numbers do not depend on the order of insertion.
using worker_index = std::uint32_t;
/// Number of a job within its problem.
using job_index = std::uint32_t;
/// Number of an item within its problem.
using item_index = std::uint32_t;

/// "Nobody", for example the previous owner of a new item.
constexpr worker_index no_worker = 0xffffffffu;

/// One unit of a weight or resource, in the milli-units in which both are counted.
constexpr std::int64_t milli = 1000;

/// The items of one job, interned: immutable and shared, so that a plan of an unchanged job touches no string.
/// Items are numbered 0..size-1 in the order of a 64-bit hash of their names (equal hashes: of the names).
class item_set {
public:
  /// Interns `names`. Error `invalid_problem` when a name occurs twice or there are 2^32 - 1 names or more.
  static expected<std::shared_ptr<const item_set>> make(const std::vector<item_id>& names);

  /// How many items there are.
  std::size_t size() const noexcept { return hashes_.size(); }
  /// The name of item `k`, which must be below `size()`.
  std::string_view name(std::size_t k) const noexcept {
    return {arena_.data() + offsets_[k], offsets_[k + 1] - offsets_[k]};
  }
  /// The hash of that name.
  std::uint64_t hash(std::size_t k) const noexcept { return hashes_[k]; }

  /// The number of the item called `name`. Constant time on average.
  std::optional<std::uint32_t> find(std::string_view name) const noexcept;

private:
  friend class item_merger;

  std::vector<std::uint64_t> hashes_;
  std::vector<std::size_t> offsets_{0};
  std::string arena_;
};

/// What the planner must know about a worker.
struct worker_attributes {
  /// Failure domain for jobs that spread over zones; empty is a zone of its own.
  std::string zone;
  /// Labels it carries, for jobs that require some.
  std::vector<std::string> labels;
  /// Share of the load relative to other workers, in milli-units (1000 = 1). Must be positive.
  std::int64_t weight = milli;
  /// Resources in milli-units. "cpu", "memory_mb" and "slots" (number of items) are unlimited when absent, any other
  /// resource that is absent is not there at all.
  std::map<std::string, std::int64_t> capacity;
  /// Most items this worker holds; 0 = no limit.
  std::uint32_t max_items = 0;
  /// Gets nothing new and loses what others can take.
  bool draining = false;
  /// Gets nothing new and keeps what it has.
  bool cordoned = false;
};

/// A resource and an amount of it in milli-units.
struct resource_amount {
  /// Which one: its position in `assignment_problem::resources`.
  std::uint32_t resource = 0;
  /// How much of it, in milli-units.
  std::int64_t amount = 0;
};

/// A worker as a problem holds it: names resolved.
struct worker_info {
  /// Its id.
  node_id name;
  /// Hash of its id.
  std::uint64_t hash = 0;
  /// Its zone; empty: none.
  std::string zone;
  /// Number of that zone; workers without one share a number.
  std::uint32_t zone_index = 0;
  std::vector<std::string> labels; ///< sorted
  /// Share of the load relative to other workers, in milli-units.
  std::int64_t weight = milli;
  /// Per resource of the problem; `unlimited` where there is no limit.
  std::vector<std::int64_t> capacity;
  /// Most items it holds; `unlimited_items`: no limit.
  std::uint32_t max_items = unlimited_items;
  /// Gets nothing new and loses what others can take.
  bool draining = false;
  /// Gets nothing new and keeps what it has.
  bool cordoned = false;

  /// A resource without limit.
  static constexpr std::int64_t unlimited = INT64_MAX;
  /// `max_items` without limit.
  static constexpr std::uint32_t unlimited_items = 0xffffffffu;

  /// Whether items may be put here that were not here before.
  bool accepts_new() const noexcept { return !draining && !cordoned; }
};

/// A job as a problem holds it: names resolved, item numbers local to the job.
struct job_info {
  /// Its id.
  job_id name;
  /// Hash of its id.
  std::uint64_t hash = 0;
  std::string strategy; ///< never empty
  /// Which jobs have their items placed first.
  job_priority priority = job_priority::normal;
  /// Its items; never null.
  std::shared_ptr<const item_set> items;
  std::uint32_t max_per_worker = 0; ///< 0 = no limit
  std::uint32_t max_workers = 0;    ///< that have items of it; 0 = no limit
  /// Its items are spread evenly over the zones.
  bool spread_zones = false;
  bool one_worker = false; ///< all items on one worker
  /// Labels that a worker must carry.
  std::vector<std::string> required_labels;
  std::vector<job_index> colocate_with; ///< sorted
  std::vector<job_index> separate_from; ///< sorted, symmetric
  /// Sorted by item; a pin to a worker that is not there has `no_worker`.
  std::vector<std::pair<std::uint32_t, worker_index>> pinned;
  /// Sorted; a worker that has refused the item for now must not have it.
  std::vector<std::pair<std::uint32_t, worker_index>> refused;
  /// Sorted by item; the others weigh `milli`.
  std::vector<std::pair<std::uint32_t, std::int64_t>> item_weights;
  std::vector<resource_amount> profile; ///< sorted by resource, amounts > 0
  /// Values for custom strategies.
  std::map<std::string, std::string> custom;

  /// Weight of an item in milli-units.
  std::int64_t weight_of(std::uint32_t local_item) const noexcept;
  /// Null when the item is not pinned.
  const worker_index* pin_of(std::uint32_t local_item) const noexcept;
  /// Whether the worker has refused the item.
  bool refuses(std::uint32_t local_item, worker_index w) const noexcept;
  /// Whether any worker has refused it.
  bool is_refused(std::uint32_t local_item) const noexcept;
  /// Neither pinned nor refused: to the rules it is like every other item of its job.
  bool is_ordinary(std::uint32_t local_item) const noexcept {
    return (pinned.empty() || pin_of(local_item) == nullptr) && (refused.empty() || !is_refused(local_item));
  }
};

/// One question to the planner: who is there, what is to be done, who did it until now. Immutable; copies are cheap
/// (shared state) and may be used from several threads at once.
class assignment_problem {
public:
  /// Workers of the problem.
  std::size_t worker_count() const noexcept { return data_->workers.size(); }
  /// Jobs of the problem.
  std::size_t job_count() const noexcept { return data_->jobs.size(); }
  /// Items of all its jobs.
  std::size_t item_count() const noexcept { return data_->first_item.back(); }

  /// A worker by its number, which must be below `worker_count()`.
  const worker_info& worker(worker_index w) const noexcept { return data_->workers[w]; }
  /// A job by its number, which must be below `job_count()`.
  const job_info& job(job_index j) const noexcept { return data_->jobs[j]; }

  /// The items of job `j` are [first_item(j), first_item(j + 1)).
  item_index first_item(job_index j) const noexcept { return data_->first_item[j]; }
  /// How many items the job has.
  std::size_t items_of(job_index j) const noexcept { return data_->first_item[j + 1] - data_->first_item[j]; }
  /// The job that the item belongs to.
  job_index job_of(item_index i) const noexcept;
  /// The name of the item.
  std::string_view item_name(item_index i) const noexcept;

  /// The number of the worker of this name, or nothing.
  std::optional<worker_index> find_worker(const node_id& name) const noexcept;
  /// The number of the job of this name, or nothing.
  std::optional<job_index> find_job(const job_id& name) const noexcept;
  /// The number of the item of this name, or nothing.
  std::optional<item_index> find_item(const job_id& job, const item_id& item) const noexcept;

  /// Whether `w` offers the job and carries the labels it requires. Says nothing about room, cordons and pins.
  bool eligible(job_index j, worker_index w) const noexcept { return (eligible_words(j)[w >> 6] >> (w & 63)) & 1; }
  /// Whether `w` announced the job, labels aside.
  bool offered(job_index j, worker_index w) const noexcept {
    return (data_->offered[j * words() + (w >> 6)] >> (w & 63)) & 1;
  }
  /// The same as a row of `words()` bit words, bit `w & 63` of word `w >> 6` for worker `w`; spare bits are 0.
  const std::uint64_t* eligible_words(job_index j) const noexcept { return data_->eligible.data() + j * words(); }
  /// Words of a row of bits with one bit per worker.
  std::size_t words() const noexcept { return (worker_count() + 63) / 64; }
  /// Every worker is eligible for every job.
  bool fully_eligible() const noexcept { return data_->fully_eligible; }

  /// Owner before this plan, or `no_worker`; it may be no longer eligible. One that has refused the item counts as
  /// none.
  worker_index previous(item_index i) const noexcept { return data_->previous[i]; }
  /// The same for all items, as an array of `item_count()` elements.
  const worker_index* previous_data() const noexcept { return data_->previous.data(); }

  /// Names of the resources that any profile asks for, sorted; "slots" is `worker_info::max_items` instead.
  const std::vector<std::string>& resources() const noexcept { return data_->resources; }
  /// Zones of the workers.
  std::uint32_t zone_count() const noexcept { return data_->zone_count; }

  /// What each worker carries outside of this problem (jobs planned by other strategies): weight of items in
  /// milli-units, number of items, resources. Zero in a problem as it is built.
  std::int64_t base_load(worker_index w) const noexcept { return data_->base_load.empty() ? 0 : data_->base_load[w]; }
  /// Items of other strategies on the worker.
  std::uint32_t base_items(worker_index w) const noexcept {
    return data_->base_items.empty() ? 0 : data_->base_items[w];
  }
  /// What they use of a resource, in milli-units.
  std::int64_t base_used(worker_index w, std::uint32_t resource) const noexcept {
    return data_->base_used.empty() ? 0 : data_->base_used[w * resources().size() + resource];
  }

  /// Items in the order in which they get room where it is short; see `with_waiting`. Empty in a problem as it is
  /// built.
  const std::vector<item_index>& waiting() const noexcept { return data_->waiting; }

  /// No rule beyond eligibility: no pins, refusals, weights, capacities, zones, affinity, drains, cordons.
  bool unconstrained() const noexcept { return data_->unconstrained; }

  /// What a lenient builder passed over: each with the code and text that a strict one fails with.
  const std::vector<error>& warnings() const noexcept { return data_->warnings; }

  /// The same question about some of the jobs only. `chosen` is sorted. `owners` (indexed like this problem's items)
  /// says who holds the items of the other jobs: they count as base load, and block workers for jobs that must be
  /// separate from them. Jobs colocated with one outside may use the workers that hold it, if there are any.
  assignment_problem restricted_to(const std::vector<job_index>& chosen, const std::vector<worker_index>& owners) const;

  /// The same question with one more pin; a pin the item has already is replaced.
  assignment_problem with_pin(item_index item, worker_index worker) const;
  /// The same question with other eligible workers for job `j`, as a row of `words()` words.
  assignment_problem with_eligible(job_index j, const std::vector<std::uint64_t>& row) const;
  /// The same for several jobs.
  assignment_problem with_eligible(const std::map<job_index, std::vector<std::uint64_t>>& rows) const;
  /// The same question without `colocate_with`, `separate_from` and `one_worker`.
  assignment_problem without_affinity() const;
  /// The same question where items have waited for room: `line` names each once, who is to be served first comes first.
  /// Of items of one priority those in line get room before those that are not, and they in this order; it says
  /// nothing about where. Jobs planned by a hash or by a custom strategy do not look at it.
  assignment_problem with_waiting(std::vector<item_index> line) const;
  /// The same question after `owners` (indexed by item) has become the state of things.
  assignment_problem with_previous(std::vector<worker_index> owners) const;

private:
  friend class problem_builder;

  struct data {
    std::vector<worker_info> workers;
    std::vector<job_info> jobs;
    std::vector<item_index> first_item{0};
    std::vector<std::uint64_t> offered;
    std::vector<std::uint64_t> eligible;
    std::vector<worker_index> previous;
    std::vector<std::string> resources;
    std::vector<std::int64_t> base_load;
    std::vector<std::uint32_t> base_items;
    std::vector<std::int64_t> base_used;
    std::vector<item_index> waiting;
    std::vector<error> warnings;
    std::uint32_t zone_count = 0;
    bool fully_eligible = false;
    bool unconstrained = true;
  };

  explicit assignment_problem(std::shared_ptr<const data> x) : data_(std::move(x)) {}
  static void classify(data& x);

  std::shared_ptr<const data> data_;
};

/// Builds a problem from names. Not thread-safe; one use. A problem with no worker, no job or no item is fine.
///
/// Errors are collected: the first one is what `build()` returns (`invalid_problem`, the text names kind, value, rule).
/// Always errors: a worker, job or item that is there twice, an unknown strategy is not checked here, weights and
/// capacities out of range, unknown priority or spread. A *lenient* builder (the manager's) passes over what other
/// processes may legitimately disagree about, and keeps a warning: an unknown worker, job or item in `previous`, two
/// previous owners of an item (the smaller name counts), a pin to an unknown worker (the item is unassigned with that
/// reason) or of an unknown item, weights of unknown items, affinity to unknown jobs, cycles and contradictions of
/// affinity (the offending entry is dropped).
class problem_builder {
public:
  /// What to do about things that other processes may legitimately disagree about.
  enum class mode : std::uint8_t {
    /// They are errors: for a problem that one person has written.
    strict,
    /// They are warnings, and the rest of the problem is planned: for what comes out of the store.
    lenient,
  };
  /// Which jobs a worker runs.
  enum class offers : std::uint8_t {
    /// All of the problem.
    all_jobs,
    /// Those that `set_eligible` names for it.
    listed_jobs,
  };

  /// An empty problem.
  explicit problem_builder(mode m = mode::strict);
  ~problem_builder(); ///< Drops what was not built.
  /// Takes the problem over; the other one may only be destroyed.
  problem_builder(problem_builder&&) noexcept;
  /// The same.
  problem_builder& operator=(problem_builder&&) noexcept;

  /// With `listed_jobs` the worker runs only the jobs named by `set_eligible`.
  void add_worker(node_id name, worker_attributes attributes = {}, offers what = offers::all_jobs);

  /// A job with its items.
  void add_job(job_id name, const job_attributes& attributes, const std::vector<item_id>& items);
  /// With items interned earlier; must not be null.
  void add_job(job_id name, const job_attributes& attributes, std::shared_ptr<const item_set> items);

  /// `worker` (added with `listed_jobs`) runs `job`. Both must have been added, else a lenient builder ignores it.
  void set_eligible(const node_id& worker, const job_id& job);
  /// The same by number: 0 is the worker, or job, that was added first. Both must have been added.
  void set_eligible(std::uint32_t worker, std::uint32_t job);

  /// `worker` owns the item until now. The job must have been added before; the worker may come later.
  void set_previous(const node_id& worker, const job_id& job, const item_id& item);
  /// All previous owners of a job at once, by number: `owners[k]` is the owner of the k-th item of the job's
  /// `item_set` as a position in `names` or `no_worker`. No string of an item is touched.
  void set_previous(const job_id& job, const std::vector<node_id>& names, const std::vector<worker_index>& owners);
  /// The same with owners as numbers of workers, 0 being the one that was added first. All workers must have been
  /// added.
  void set_previous(const job_id& job, std::vector<worker_index> owners);

  /// The worker has refused the item for now: it must not have it. Whoever is unknown is passed over without a warning,
  /// also by a strict builder: refusals outlive what they are about.
  void set_refused(const node_id& worker, const job_id& job, const item_id& item);

  /// The problem, or the first error. The builder is used up.
  expected<assignment_problem> build();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace djm
