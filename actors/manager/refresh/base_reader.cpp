#include "actors/manager/refresh/base_reader.hpp"

#include <algorithm>
#include <utility>

#include "actors/manager/planning/standing.hpp"

namespace djm {

using store::rc;

namespace {

/// Whether all watches were left that were asked for.
bool watched(const base_reader::slots& answers, const dirty_marks::taken& what) {
  return (!what.members || (answers.worker_version->watched && answers.alive->watched)) &&
         (!what.pools || (answers.all_pools->watched && answers.pools->watched));
}

template <class Id>
bool lacks(const std::vector<Id>& names, std::string_view name) {
  return !std::binary_search(names.begin(), names.end(), name, std::less<>{});
}

} // namespace

base_reader::slots base_reader::ask(const dirty_marks::taken& what, read_batch& into) const {
  const auto& tree = store_.tree();
  slots answers{into.get(tree.assignment_version()),
                into.get(tree.worker_version(), what.members),
                into.children(tree.workers()),
                into.children(tree.alive(), what.members),
                into.get(tree.pools(), what.pools),
                into.children(tree.pools(), what.pools),
                into.children(tree.marks()),
                what.refusals ? std::optional{into.children(tree.refusals(), true)} : std::nullopt};
  into.get(tree.pool_version(), true); // for the watch
  return answers;
}

/// The first node of the base that is not there; empty: all are.
std::string base_reader::missing(const slots& answers) const {
  const auto& tree = store_.tree();
  const std::pair<const read_slot&, std::string> needed[] = {{answers.assignment_version, tree.assignment_version()},
                                                             {answers.worker_version, tree.worker_version()},
                                                             {answers.workers, tree.workers()},
                                                             {answers.alive, tree.alive()},
                                                             {answers.all_pools, tree.pools()},
                                                             {answers.pools, tree.pools()}};
  for (const auto& [slot, path] : needed) {
    if (slot->code != rc::ok) {
      return path;
    }
  }
  return {};
}

std::optional<std::vector<node_id>> base_reader::take_over(const slots& answers, const dirty_marks::taken& what,
                                                           detail_reader::wanted& wanted, step s,
                                                           manager_effects& out) {
  if (const auto path = missing(answers); !path.empty()) {
    store_.complain("base", {errc::malformed_payload, path + " is missing: the tree is incomplete"}, out);
    store_.setback(s, effort::reading, path + " is missing", out);
    return std::nullopt;
  }
  store_.relieve("base", out);
  if (!watched(answers, what)) {
    dirty_.unwatched();
  }
  const auto assignment_version = answers.assignment_version->stat.version;
  if (what.all) {
    known_.rebuild(assignment_version);
    dirty_.jobs_dropped();
  } else if (assignment_version > known_.assignment_version()) {
    store_.setback(s, effort::reading, "somebody else wrote assignments", out);
    return std::nullopt;
  }
  // Whoever changes a registration that counts bumps the version of the workers.
  const auto worker_version = answers.worker_version->stat.version;
  const bool members = what.members || worker_version != known_.worker_version();
  known_.members_read(worker_version);
  auto maybe_changed = take_members(answers, members, wanted, s);
  take_pools(answers, wanted, out);
  if (answers.refusals) {
    take_refusals(**answers.refusals, wanted);
  }
  return maybe_changed;
}

/// Returns the members that are known and may have changed.
std::vector<node_id> base_reader::take_members(const slots& answers, bool members, detail_reader::wanted& wanted,
                                               step s) {
  worker_names_ = to_ids<node_id>(answers.workers->children);
  alive_names_ = {answers.alive->children.begin(), answers.alive->children.end()};
  std::vector<node_id> removed;
  std::vector<node_id> maybe_changed;
  if (members && !list_.empty()) {
    list_.outdated(s.now); // somebody may want again what was to be cleaned
  }
  const auto& known = known_.image().workers;
  for (const auto& [id, w] : known) {
    if (lacks(worker_names_, id)) {
      removed.push_back(id);
    } else if (members && (is_listed_alive(id) || !is_over(id, w, watchdog_, s.now))) {
      maybe_changed.push_back(id); // those that are over cost nothing, however many there are
    }
  }
  for (const auto& id : removed) {
    known_.remove_worker(id);
  }
  for (const auto& name : worker_names_) {
    if (is_valid_id(name) && known.count(name) == 0) {
      wanted.workers.push_back(name);
    }
  }
  if (members) {
    take_marks(*answers.marks, wanted);
  }
  return maybe_changed;
}

/// Whoever sets a mark bumps the version of the workers. Those of nodes that are not there cost nothing.
void base_reader::take_marks(const store::read_result& marks, detail_reader::wanted& wanted) {
  marked_.clear();
  known_.drop_marks();
  for (auto& name : to_ids<node_id>(marks.children)) {
    if (is_listed_alive(name)) {
      marked_.push_back(std::move(name));
    }
  }
  wanted.marks = marked_;
}

/// Whose folder is not there is made anew by its keeper, and read again with the next sweep.
void base_reader::take_refusals(const store::read_result& found, detail_reader::wanted& wanted) {
  if (!found.watched) {
    dirty_.unwatched();
  }
  wanted.refusals = refusals_.listed(found.children);
}

void base_reader::take_pools(const slots& answers, detail_reader::wanted& wanted, manager_effects& out) {
  const auto path = store_.tree().pools();
  job_names_ = to_ids<job_id>(answers.pools->children);
  const auto& data = answers.all_pools->data;
  if (auto pools = store::decode<store::pools_payload>(data, path)) {
    known_.put_all_disabled(pools->all_disabled);
    store_.relieve(path, out);
  } else if (!data.empty()) {
    store_.complain(path, pools.error(), out);
  }
  const auto& known = known_.image().jobs;
  std::vector<job_id> gone;
  for (const auto& [id, j] : known) {
    if (lacks(job_names_, id)) {
      gone.push_back(id);
    }
  }
  for (const auto& id : gone) {
    known_.remove_job(id);
    dirty_.job_gone(id);
  }
  const std::set<job_id> asked{wanted.jobs.begin(), wanted.jobs.end()};
  for (const auto& id : job_names_) {
    if (is_valid_id(id) && known.count(id) == 0 && asked.count(id) == 0) {
      wanted.jobs.push_back(id);
    }
  }
}

void base_reader::forget_problems(manager_effects& out) {
  const auto& tree = store_.tree();
  store_.over_if(
    [&](const std::string& about) {
      if (const auto worker = name_below(about, tree.workers()); !worker.empty()) {
        return lacks(worker_names_, worker);
      }
      if (const auto worker = name_below(about, tree.alive()); !worker.empty()) {
        return !is_listed_alive(node_id{worker});
      }
      if (const auto worker = name_below(about, tree.marks()); !worker.empty()) {
        return lacks(marked_, worker);
      }
      if (const auto refusal = name_below(about, tree.refusals()); !refusal.empty()) {
        return known_.image().refusals.count(refusal) == 0;
      }
      const auto job = name_below(about, tree.pools());
      return !job.empty() && lacks(job_names_, job);
    },
    out);
}

} // namespace djm
