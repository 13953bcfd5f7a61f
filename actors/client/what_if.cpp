#include "actors/client/what_if.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "actors/manager/snapshot_image.hpp"

namespace djm {

namespace {

expected<void> check_worker(const cluster_image& image, const node_id& id) {
  if (image.workers.count(id) == 0) {
    return fail(errc::unknown_worker, "there is no worker \"" + id + "\" in the cluster");
  }
  return {};
}

expected<void> add_worker(cluster_image& image, const added_worker& from, const std::set<job_id>& all) {
  if (auto ok = check_id(from.id); !ok) {
    return ok;
  }
  if (image.workers.count(from.id) > 0 && image.workers.at(from.id).is_alive()) {
    return fail(errc::invalid_config, "worker \"" + from.id + "\" is there already: it cannot be added");
  }
  if (from.weight < 1 || from.weight > 1'000'000'000) {
    return fail(errc::invalid_config, "weight " + std::to_string(from.weight) + " of worker \"" + from.id +
                                        "\" must be from 1 to 1000000000 thousandths");
  }
  worker_image w;
  store::worker_payload p;
  p.incarnation = "added";
  p.zone = from.zone;
  p.labels = from.labels;
  p.weight = from.weight;
  p.capacity = from.capacity;
  p.max_items = from.max_items;
  w.registration = std::move(p);
  w.alive = "added";
  w.available = from.jobs.empty() ? all : std::set<job_id>{from.jobs.begin(), from.jobs.end()};
  image.workers[from.id] = std::move(w);
  return {};
}

/// The cluster as it would be.
expected<cluster_image> changed(cluster_image image, const what_if_question& question) {
  std::set<job_id> all;
  for (const auto& [id, j] : image.jobs) {
    all.insert(id);
  }
  for (const auto& id : question.drain) {
    if (auto ok = check_worker(image, id); !ok) {
      return tl::make_unexpected(ok.error());
    }
    auto mark = image.mark_of(id, image.workers.at(id));
    mark.draining = true;
    image.marks[id] = mark;
  }
  for (const auto& id : question.without) {
    if (auto ok = check_worker(image, id); !ok) {
      return tl::make_unexpected(ok.error());
    }
  }
  for (const auto& id : question.without) {
    image.remove_worker(id);
  }
  for (const auto& x : question.add) {
    if (auto ok = add_worker(image, x, all); !ok) {
      return tl::make_unexpected(ok.error());
    }
  }
  return image;
}

struct planned {
  std::shared_ptr<const assignment_problem> problem;
  plan result;
};

expected<planned> plan_of(const cluster_image& image, const strategy_registry& registry, std::uint32_t max_moves) {
  auto task = make_task(image, away(image));
  if (!task) {
    return tl::make_unexpected(task.error());
  }
  plan_options options;
  if (max_moves > 0) {
    options.max_moves = max_moves;
  }
  auto made = make_plan(*task->problem, registry, options);
  if (!made) {
    return tl::make_unexpected(made.error());
  }
  return planned{task->problem, *std::move(made)};
}

/// Who owns an item as it is, in words of the image before anything was changed.
node_id owner_in(const cluster_image& image, const job_id& job, std::string_view item) {
  const auto j = image.jobs.find(job);
  const auto k = j != image.jobs.end() && j->second.items ? j->second.items->find(item) : std::nullopt;
  return k && j->second.owners[*k] != no_worker ? image.name_of(j->second.owners[*k]) : node_id{};
}

const char* why_moved(const cluster_image& before, const cluster_image& after, const node_id& from, const node_id& to) {
  if (from.empty()) {
    return "it has no owner";
  }
  const auto w = after.workers.find(from);
  if (w == after.workers.end() || !w->second.is_alive()) {
    return before.workers.count(from) > 0 && before.workers.at(from).is_alive() ? "its owner would not be there"
                                                                                : "its owner is not there";
  }
  if (after.mark_of(from, w->second).draining) {
    return "its owner is draining";
  }
  return to.empty() ? "it has no place" : "the plan is evener so";
}

void count(std::map<node_id, std::uint32_t>& items, const node_id& owner) {
  if (!owner.empty()) {
    ++items[owner];
  }
}

} // namespace

std::vector<job_id> foreign_jobs(const cluster_image& image, const strategy_registry& registry) {
  std::vector<job_id> result;
  for (const auto& [id, j] : image.jobs) {
    const auto& name = j.pool.attributes.strategy;
    if (!name.empty() && registry.find(name) == nullptr) {
      result.push_back(id);
    }
  }
  return result;
}

expected<what_if_answer> what_would_be(const cluster_image& image, const what_if_question& question,
                                       const strategy_registry& registry) {
  const auto after = changed(image, question);
  if (!after) {
    return tl::make_unexpected(after.error());
  }
  const auto made = plan_of(*after, registry, question.max_moves);
  if (!made) {
    return tl::make_unexpected(made.error());
  }
  what_if_answer answer;
  for (const auto& job : foreign_jobs(image, registry)) {
    answer.unknown.push_back("job \"" + job + "\" is planned by strategy \"" +
                             image.jobs.at(job).pool.attributes.strategy +
                             "\", which only nodes have: its items are left where they can stay");
  }
  for (const auto& [id, w] : after->workers) {
    if (w.is_alive()) {
      answer.after[id];
    }
  }
  for (const auto& [id, w] : image.workers) {
    if (w.is_alive()) {
      answer.before[id];
    }
  }
  const auto& problem = *made->problem;
  for (item_index i = 0; i < problem.item_count(); ++i) {
    const auto& job = problem.job(problem.job_of(i)).name;
    const auto owner = made->result.owner[i];
    const auto from = owner_in(image, job, problem.item_name(i));
    const auto to = owner != no_worker ? problem.worker(owner).name : node_id{};
    count(answer.before, from);
    count(answer.after, to);
    if (from != to) {
      answer.moves.push_back({job, item_id{problem.item_name(i)}, from, to, why_moved(image, *after, from, to)});
    }
  }
  for (const auto& u : made->result.unassigned) {
    answer.unplaced.push_back({problem.job(problem.job_of(u.item)).name, item_id{problem.item_name(u.item)}, u.reason,
                               u.text.empty() ? describe(u.reason) : u.text});
  }
  answer.deferred = made->result.summary.moves_deferred;
  const auto by_name = [](const auto& a, const auto& b) { return std::tie(a.job, a.item) < std::tie(b.job, b.item); };
  std::sort(answer.moves.begin(), answer.moves.end(), by_name);
  std::sort(answer.unplaced.begin(), answer.unplaced.end(), by_name);
  return answer;
}

namespace {

/// Reasons are listed up to so many of a kind, the rest is counted.
constexpr std::size_t most_listed = 5;

class stop_judge {
public:
  stop_judge(const cluster_image& image, const strategy_registry& registry) : image_(image), registry_(registry) {}

  /// Items that have no place as things stand are nobody's fault.
  expected<void> begin() {
    auto now = what_would_be(image_, {}, registry_);
    if (!now) {
      return tl::make_unexpected(now.error());
    }
    for (const auto& u : now->unplaced) {
      unplaced_.insert({u.job, u.item});
    }
    return {};
  }

  expected<std::vector<std::string>> judge(const node_id& node) const {
    std::vector<std::string> reasons;
    const auto w = image_.workers.find(node);
    if (w == image_.workers.end()) {
      reasons.push_back("there is no worker \"" + node + "\" in the cluster");
      return reasons;
    }
    if (!w->second.is_alive()) {
      return reasons; // it is stopped already
    }
    look_at_company(node, w->second, reasons);
    if (is_last(node)) {
      return reasons; // nothing has a place where nobody is
    }
    look_at_crowd(node, reasons);
    auto rest = stopped_;
    rest.push_back(node);
    what_if_question question;
    question.without = rest;
    const auto without = what_would_be(image_, question, registry_);
    if (!without) {
      return tl::make_unexpected(without.error());
    }
    look_at_places(without->unplaced, reasons);
    return reasons;
  }

  void stop(const node_id& node) { stopped_.push_back(node); }

private:
  bool stays(const node_id& id, const worker_image& w, const node_id& node) const {
    return w.is_alive() && id != node && std::find(stopped_.begin(), stopped_.end(), id) == stopped_.end();
  }

  bool is_last(const node_id& node) const {
    return std::none_of(image_.workers.begin(), image_.workers.end(),
                        [&](const auto& w) { return stays(w.first, w.second, node); });
  }

  /// Whether somebody else is left, and offers what it offers.
  void look_at_company(const node_id& node, const worker_image& w, std::vector<std::string>& reasons) const {
    std::set<job_id> left = w.available;
    for (const auto& [id, other] : image_.workers) {
      if (stays(id, other, node)) {
        for (const auto& job : other.available) {
          left.erase(job);
        }
      }
    }
    if (is_last(node)) {
      reasons.emplace_back("it is the last node alive");
      return;
    }
    for (const auto& job : left) {
      const auto j = image_.jobs.find(job);
      if (j != image_.jobs.end() && j->second.items && j->second.items->size() > 0 && j->second.pool.enabled) {
        reasons.push_back("no other node offers job \"" + job + "\"");
      }
    }
  }

  /// Somebody is gone and may come back, or not: wait until that is decided.
  void look_at_crowd(const node_id& node, std::vector<std::string>& reasons) const {
    for (const auto& gone : away(image_)) {
      if (gone != node && !image_.items_of(gone).empty()) {
        reasons.push_back("worker \"" + gone + "\" is gone and still keeps items: wait until they have moved");
      }
    }
  }

  void look_at_places(const std::vector<unplaced_item>& unplaced, std::vector<std::string>& reasons) const {
    std::size_t more = 0;
    std::size_t listed = 0;
    for (const auto& u : unplaced) {
      if (unplaced_.count({u.job, u.item}) > 0) {
        continue;
      }
      if (listed++ < most_listed) {
        reasons.push_back("item \"" + u.item + "\" of job \"" + u.job + "\" would have no place: " + u.text);
      } else {
        ++more;
      }
    }
    if (more > 0) {
      reasons.push_back(std::to_string(more) + " more items would have no place");
    }
  }

  const cluster_image& image_;
  const strategy_registry& registry_;
  std::set<item_ref> unplaced_;
  std::vector<node_id> stopped_;
};

} // namespace

expected<stoppable_answer> which_may_stop(const cluster_image& image, const std::vector<node_id>& nodes,
                                          const strategy_registry& registry) {
  stoppable_answer answer;
  stop_judge judge{image, registry};
  if (auto ok = judge.begin(); !ok) {
    return tl::make_unexpected(ok.error());
  }
  std::set<node_id> seen;
  for (const auto& node : nodes) {
    if (!seen.insert(node).second) {
      continue;
    }
    auto reasons = judge.judge(node);
    if (!reasons) {
      return tl::make_unexpected(reasons.error());
    }
    if (reasons->empty()) {
      judge.stop(node);
      answer.stoppable.push_back(node);
    } else {
      answer.refused.push_back({node, *std::move(reasons)});
    }
  }
  return answer;
}

} // namespace djm
