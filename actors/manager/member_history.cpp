#include "actors/manager/member_history.hpp"

#include <algorithm>

namespace djm {

namespace {

/// Whoever has been there for so long is trusted, however often it ended before.
constexpr duration longest_probation = std::chrono::hours{1};

} // namespace

duration member_history::probation(std::uint32_t ends) const {
  auto d = patience_;
  for (std::uint32_t n = 2; n < ends && d < longest_probation; ++n) {
    d *= 2;
  }
  return std::max(patience_, std::min(d, longest_probation));
}

bool member_history::here(const node_id& worker, const std::string& incarnation, bool after_crash, time_point now) {
  auto [i, added] = members_.try_emplace(worker, member{incarnation, now, 0});
  auto& m = i->second;
  if (added || m.incarnation == incarnation) {
    return false;
  }
  const bool lasted = now - m.since >= probation(m.ends);
  m.ends = !after_crash ? 0 : lasted ? 1 : m.ends + 1;
  m.incarnation = incarnation;
  m.since = now;
  return m.ends > 1;
}

std::uint32_t member_history::ends(const node_id& worker) const {
  auto i = members_.find(worker);
  return i == members_.end() ? 0 : i->second.ends;
}

std::optional<time_point> member_history::shunned_until(const node_id& worker) const {
  auto i = members_.find(worker);
  if (i == members_.end() || i->second.ends < 2) {
    return std::nullopt;
  }
  return i->second.since + probation(i->second.ends);
}

std::set<node_id> member_history::shunned(time_point now) const {
  std::set<node_id> found;
  for (const auto& [worker, m] : members_) {
    if (m.ends > 1 && now < m.since + probation(m.ends)) {
      found.insert(worker);
    }
  }
  return found;
}

std::optional<time_point> member_history::next_end(time_point now) const {
  std::optional<time_point> next;
  for (const auto& [worker, m] : members_) {
    const auto at = m.since + probation(m.ends);
    if (m.ends > 1 && at > now && (!next || at < *next)) {
      next = at;
    }
  }
  return next;
}

} // namespace djm
