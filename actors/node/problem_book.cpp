#include "actors/node/problem_book.hpp"

#include <algorithm>
#include <utility>

#include "actors/common/open_problems.hpp"

namespace djm {

bool problem_book::happened(const problem& p, std::int64_t now_ms) {
  const bool lasts = !p.about.empty();
  auto& list = lasts ? open_ : ended_;
  const auto same = std::find_if(list.begin(), list.end(), [&](const problem_status& x) {
    return x.component == p.component && x.about == p.about &&
           (lasts || (x.code == p.why.code && x.text == p.why.text));
  });
  problem_status now;
  bool news = true;
  if (same != list.end()) {
    now = std::move(*same);
    list.erase(same);
    news = !lasts || now.text != p.why.text;
  } else {
    now.component = p.component;
    now.about = p.about;
    now.since_ms = now_ms;
  }
  now.code = p.why.code;
  now.text = p.why.text;
  now.last_ms = now_ms;
  now.ended_ms = lasts ? 0 : now_ms;
  ++now.count;
  list.push_back(std::move(now));
  if (const auto most = lasts ? max_open : max_ended; list.size() > most) {
    list.erase(list.begin());
  }
  return news;
}

bool problem_book::over(const std::string& component, const std::string& about, std::int64_t now_ms) {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].component == component && open_[i].about == about) {
      end(i, now_ms);
      return true;
    }
  }
  return false;
}

template <class F>
std::vector<problem_over> problem_book::end_all(F&& which, std::int64_t now_ms) {
  std::vector<problem_over> result;
  for (std::size_t i = open_.size(); i > 0; --i) {
    const auto& x = open_[i - 1];
    if (which(x)) {
      result.push_back({x.component, x.about});
      end(i - 1, now_ms);
    }
  }
  return result;
}

std::vector<problem_over> problem_book::component_over(const std::string& component, std::int64_t now_ms) {
  return end_all([&](const problem_status& x) { return x.component == component; }, now_ms);
}

std::vector<problem_over> problem_book::job_over(const job_id& job, std::int64_t now_ms) {
  const auto tail = about_job({}, job);
  return end_all(
    [&](const problem_status& x) {
      return x.about.size() >= tail.size() && x.about.compare(x.about.size() - tail.size(), tail.size(), tail) == 0;
    },
    now_ms);
}

void problem_book::end(std::size_t at, std::int64_t now_ms) {
  auto x = std::move(open_[at]);
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
  x.ended_ms = now_ms;
  // What comes and goes has one line, and does not push out the rest.
  ended_.erase(
    std::remove_if(ended_.begin(), ended_.end(),
                   [&](const problem_status& e) { return e.component == x.component && e.about == x.about; }),
    ended_.end());
  ended_.push_back(std::move(x));
  if (ended_.size() > max_ended) {
    ended_.erase(ended_.begin());
  }
}

std::vector<problem_status> problem_book::status() const {
  auto all = open_;
  all.insert(all.end(), ended_.begin(), ended_.end());
  return all;
}

} // namespace djm
