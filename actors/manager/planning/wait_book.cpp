#include "actors/manager/planning/wait_book.hpp"

#include <fmt/format.h>

#include "actors/common/core.hpp"

namespace djm {

void wait_book::planned(const cluster_image& image, const assignment_problem& problem, const plan& p, time_point now) {
  auto before = std::exchange(jobs_, {});
  std::size_t items = 0;
  for (const auto& u : p.unassigned) {
    const auto& id = problem.job(problem.job_of(u.item)).name;
    const auto j = image.jobs.find(id);
    const duration limit = j != image.jobs.end() ? duration{j->second.pool.attributes.wait_limit} : duration::zero();
    if (limit <= duration::zero() || items >= most_items) {
      continue;
    }
    ++items;
    auto& job = jobs_[id];
    job.limit = limit;
    const item_id item{problem.item_name(u.item)};
    auto& was = before[id];
    const auto w = was.since.find(item);
    const auto since = w != was.since.end() ? w->second : now;
    job.since.emplace(item, since);
    if (was.overdue.count(item) > 0 && now - since >= limit) {
      job.overdue.insert(item);
    } else {
      job.pending.emplace(since, item);
    }
  }
  find_next();
}

void wait_book::find_next() {
  next_.reset();
  for (const auto& [id, job] : jobs_) {
    if (!job.pending.empty()) {
      next_ = earliest(next_, job.pending.begin()->first + job.limit);
    }
  }
}

std::vector<allocation_timed_out> wait_book::look(time_point now) {
  std::vector<allocation_timed_out> told;
  if (!next_ || now < *next_) {
    return told;
  }
  for (auto& [id, job] : jobs_) {
    allocation_timed_out x{id, {}, 0, job.limit};
    for (auto i = job.pending.begin(); i != job.pending.end() && i->first + job.limit <= now;) {
      ++x.count;
      if (x.items.size() < most_named) {
        x.items.push_back(i->second);
      }
      job.overdue.insert(i->second);
      i = job.pending.erase(i);
    }
    if (x.count > 0) {
      told.push_back(std::move(x));
    }
  }
  find_next();
  return told;
}

bool wait_book::is_overdue(const job_id& job, const item_id& item) const {
  const auto j = jobs_.find(job);
  return j != jobs_.end() && j->second.overdue.count(item) > 0;
}

std::map<job_id, std::string> wait_book::problems() const {
  std::map<job_id, std::string> found;
  for (const auto& [id, job] : jobs_) {
    if (!job.overdue.empty()) {
      found.emplace(id,
                    fmt::format("job \"{}\": {} items have been without a place for longer than wait_limit ({}), the "
                                "first is \"{}\"; explain_item says why",
                                id.str(), job.overdue.size(), format_duration(job.limit), job.overdue.begin()->str()));
    }
  }
  return found;
}

} // namespace djm
