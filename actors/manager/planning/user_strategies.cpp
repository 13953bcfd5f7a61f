#include "actors/manager/planning/user_strategies.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace djm {

std::optional<time_point> user_strategies::ask(const std::vector<strategy_question>& open, step s,
                                               manager_effects& out) {
  for (auto& x : desk_.ask(open, s.now)) {
    out.push_back(strategy_request{x.number, std::move(x.question), cfg_.planning});
  }
  return desk_.wait_for(open, s.now);
}

void user_strategies::on_answer(std::uint64_t request, const expected<plan>& result, step s, manager_effects& out) {
  give_up(s, out); // at the last moment is too late
  switch (desk_.on_answer(request, result, s.now)) {
  case strategy_desk::answer_kind::fresh: moment_.not_later_than(s.now, s.now); break;
  case strategy_desk::answer_kind::late:
    moment_.not_later_than(s.now + backoff_.draw(s.entropy), s.now); // asks it again
    break;
  case strategy_desk::answer_kind::unknown: break;
  }
}

void user_strategies::give_up(step s, manager_effects& out) {
  for (const auto& name : desk_.give_up(s.now)) {
    failures_.tell(
      "strategy " + name,
      {errc::user_code_hangs, fmt::format("strategy \"{}\" has not answered within {}: until it comes back its "
                                          "jobs keep the workers they have, and get none for other items",
                                          name, format_duration(cfg_.strategy_timeout))},
      out);
  }
}

void user_strategies::note_failures(const plan& p, step s, manager_effects& out) {
  std::set<std::string> failed;
  for (const auto& f : p.failures) {
    failed.insert("strategy " + f.strategy);
    failures_.tell("strategy " + f.strategy, f.what, out);
    desk_.forget(f.strategy);
  }
  if (failed.empty() && !desk_.asking()) {
    backoff_.reset();
  } else if (!failed.empty()) {
    moment_.not_later_than(s.now + backoff_.draw(s.entropy), s.now);
  }
  constexpr std::string_view strategy = "strategy ";
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, strategy.size(), strategy) == 0 && failed.count(about) == 0 &&
             !desk_.hangs(about.substr(strategy.size()));
    },
    out);
}

} // namespace djm
