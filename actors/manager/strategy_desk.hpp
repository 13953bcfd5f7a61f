#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "djm/time.hpp"
#include "strategies/stand_in.hpp"

namespace djm {

/// What the leader has asked strategies of users and what they have answered, so that planning never waits for one that
/// takes its time: a plan waits `patience` for an answer that is usually there at once, after that it is made without
/// it, and after `timeout` the question is given up. A strategy is asked one question at a time, and none as long as it
/// has not come back, be it from one that was given up. Pure.
class strategy_desk {
public:
  struct settings {
    duration timeout = std::chrono::seconds{10};
    duration patience = std::chrono::seconds{1};
  };
  struct request {
    std::uint64_t number = 0;
    strategy_question question;
  };
  enum class answer_kind : std::uint8_t {
    /// Nobody waits for it.
    unknown,
    /// Worth a plan.
    fresh,
    /// It was given up: not looked at, but now the strategy can be asked again.
    late
  };

  /// `numbers` are never used twice: what is answered after a term has ended is `unknown` in the next one.
  explicit strategy_desk(settings s, request_numbers numbers = {}) : cfg_(s), numbers_(std::move(numbers)) {}

  /// What to plan with.
  std::shared_ptr<const strategy_answers> answers() const { return answers_; }
  /// A plan has left these questions open: those to be asked now, each of them once.
  std::vector<request> ask(const std::vector<strategy_question>& open, time_point now);
  /// Until when a plan with these open questions is better not carried out; nothing when it should be.
  std::optional<time_point> wait_for(const std::vector<strategy_question>& open, time_point now) const;
  answer_kind on_answer(std::uint64_t number, const expected<plan>& result, time_point now);
  /// What this strategy has answered is not to be used again.
  void forget(const std::string& strategy);
  /// Strategies whose time is over now; each is returned once for each question.
  std::vector<std::string> give_up(time_point now);
  /// Whether the strategy has been given up and has not come back.
  bool hangs(const std::string& strategy) const;
  /// Whether any question is under way.
  bool asking() const { return !pending_.empty(); }
  /// The next moment at which `give_up` has something to say.
  std::optional<time_point> next_due() const;

private:
  struct pending {
    std::uint64_t number = 0;
    std::shared_ptr<const assignment_problem> part;
    time_point since{};
    bool given_up = false;
  };

  settings cfg_;
  request_numbers numbers_;
  std::map<std::string, pending> pending_;
  /// Took longer than plans wait when they were asked last: plans do not wait for them.
  std::set<std::string> slow_;
  std::shared_ptr<const strategy_answers> answers_ = std::make_shared<const strategy_answers>();
};

} // namespace djm
