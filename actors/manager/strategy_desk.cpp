#include "actors/manager/strategy_desk.hpp"

#include <algorithm>
#include <utility>

namespace djm {

std::vector<strategy_desk::request> strategy_desk::ask(const std::vector<strategy_question>& open, time_point now) {
  std::vector<request> out;
  for (const auto& q : open) {
    const auto [p, added] = pending_.try_emplace(q.strategy);
    if (added) {
      p->second = {numbers_.draw(), q.part, now, false};
      out.push_back({p->second.number, q});
    }
  }
  return out;
}

std::optional<time_point> strategy_desk::wait_for(const std::vector<strategy_question>& open, time_point now) const {
  std::optional<time_point> until;
  for (const auto& q : open) {
    const auto p = pending_.find(q.strategy);
    if (p == pending_.end() || p->second.given_up || slow_.count(q.strategy) > 0) {
      continue;
    }
    const auto end = p->second.since + std::min(cfg_.patience, cfg_.timeout);
    if (now < end) {
      until = std::max(until.value_or(end), end);
    }
  }
  return until;
}

strategy_desk::answer_kind strategy_desk::on_answer(std::uint64_t number, const expected<plan>& result,
                                                    time_point now) {
  const auto p = std::find_if(pending_.begin(), pending_.end(), [&](auto& x) { return x.second.number == number; });
  if (p == pending_.end()) {
    return answer_kind::unknown;
  }
  const auto name = p->first;
  const auto asked = std::move(p->second);
  pending_.erase(p);
  if (now - asked.since > cfg_.patience) {
    slow_.insert(name);
  } else {
    slow_.erase(name);
  }
  if (asked.given_up) {
    return answer_kind::late;
  }
  auto next = *answers_;
  next.insert_or_assign(name, strategy_answer{asked.part, result});
  answers_ = std::make_shared<const strategy_answers>(std::move(next));
  return answer_kind::fresh;
}

void strategy_desk::forget(const std::string& strategy) {
  if (answers_->count(strategy) > 0) {
    auto next = *answers_;
    next.erase(strategy);
    answers_ = std::make_shared<const strategy_answers>(std::move(next));
  }
}

std::vector<std::string> strategy_desk::give_up(time_point now) {
  std::vector<std::string> names;
  for (auto& [name, p] : pending_) {
    if (!p.given_up && now - p.since >= cfg_.timeout) {
      p.given_up = true;
      names.push_back(name);
    }
  }
  return names;
}

bool strategy_desk::hangs(const std::string& strategy) const {
  const auto p = pending_.find(strategy);
  return p != pending_.end() && p->second.given_up;
}

std::optional<time_point> strategy_desk::next_due() const {
  std::optional<time_point> at;
  for (const auto& [name, p] : pending_) {
    if (!p.given_up) {
      at = std::min(at.value_or(time_point::max()), p.since + cfg_.timeout);
    }
  }
  return at;
}

} // namespace djm
