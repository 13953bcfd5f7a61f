#include "actors/manager/records/preparation_desk.hpp"

#include <algorithm>
#include <utility>

namespace djm {

namespace {

/// Of the life that is there now, as for the plan.
std::set<node_id> refusing(const job_id& job, const cluster_image& image) {
  std::set<node_id> who;
  for (const auto& [name, r] : image.refusals) {
    const auto w = image.workers.find(r.said.worker);
    if (r.over || r.said.job != job || w == image.workers.end() || w->second.alive != r.said.incarnation) {
      continue;
    }
    if (std::find(r.said.items.begin(), r.said.items.end(), preparation_item) != r.said.items.end()) {
      who.insert(r.said.worker);
    }
  }
  return who;
}

bool runs(const cluster_image& image, const job_id& job) {
  const auto j = image.jobs.find(job);
  return !image.all_disabled && j != image.jobs.end() && j->second.pool.enabled;
}

} // namespace

bool preparation_desk::wanted(const job_id& job, std::set<node_id> able) {
  auto& known = able_[job];
  const bool news = known.empty() || known != able;
  known = std::move(able);
  return news && !known.empty();
}

/// Different jobs begin at different workers, so that not all are on one.
node_id preparation_desk::choose(const job_id& job, const cluster_image& image,
                                 const std::set<node_id>& shunned) const {
  const auto refused = refusing(job, image);
  std::vector<node_id> best, others;
  for (const auto& name : able_.at(job)) {
    const auto w = image.workers.find(name);
    if (w == image.workers.end() || !w->second.is_alive() || refused.count(name) > 0) {
      continue;
    }
    const auto mark = image.mark_of(name, w->second);
    (mark.draining || mark.cordoned || shunned.count(name) > 0 ? others : best).push_back(name);
  }
  const auto& from = best.empty() ? others : best;
  std::size_t n = 0;
  for (const unsigned char c : job.str()) {
    n = n * 31 + c;
  }
  return from.empty() ? node_id{} : from[n % from.size()];
}

std::vector<item_transfer> preparation_desk::transfers(const cluster_image& image, const std::set<node_id>& frozen,
                                                       const std::set<node_id>& shunned) const {
  std::vector<item_transfer> out;
  std::map<job_id, node_id> holders;
  for (const auto& s : image.strays) {
    const auto w = image.workers.find(s.worker);
    if (s.item != preparation_item || w == image.workers.end()) {
      continue;
    }
    const auto able = able_.find(s.job);
    const bool keeps = able != able_.end() && runs(image, s.job) && refusing(s.job, image).count(s.worker) == 0 &&
                       (frozen.count(s.worker) > 0 || (w->second.is_alive() && able->second.count(s.worker) > 0));
    if (!keeps || !holders.emplace(s.job, s.worker).second) {
      out.push_back({s.job, s.item, s.worker, {}});
    }
  }
  for (const auto& [job, able] : able_) {
    if (!runs(image, job) || holders.count(job) > 0) {
      continue;
    }
    if (const auto to = choose(job, image, shunned); !to.empty()) {
      out.push_back({job, item_id{std::string{preparation_item}}, {}, to});
    }
  }
  return out;
}

} // namespace djm
