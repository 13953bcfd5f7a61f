#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/common/open_problems.hpp"
#include "actors/job_runner/failure_book.hpp"
#include "actors/job_runner/item_table.hpp"
#include "actors/job_runner/runner_effects.hpp"

namespace djm {

/// The parts into which a share is cut.
using share_parts = std::vector<std::vector<item_no>>;

/// The function of the job that cuts the share: what becomes of its answers, and of a call that does not come back.
class cut_asker {
public:
  using answer_type = expected<std::vector<std::vector<item_id>>>;
  /// What an answer means.
  enum class use { none, ask_again, cut };

  cut_asker(const item_table& items, const runner_config& cfg, failure_book& failures)
    : items_(items), cfg_(cfg), failures_(failures), backoff_(cfg.backoff_min, cfg.backoff_max) {}

  /// Asks how to cut `share`, under a number above `last_request`.
  void ask(std::vector<item_id> share, std::uint64_t& last_request, step s, runner_effects::all& out);
  /// There is nothing to ask about.
  void forget_question() { request_ = 0; }
  /// The share has changed: an attempt for the sake of the former one is not needed.
  void share_changed() { again_at_.reset(); }
  /// An answer has come, to whichever question.
  use answered(std::uint64_t request, step s);
  /// The parts that it says; in one piece where it breaks a rule.
  share_parts parts_of(const answer_type& cut, step s, runner_effects::all& out);
  share_parts in_one_piece() const;
  /// Whether the call hangs from now on: then the share runs in one piece.
  bool check(step s, runner_effects::all& out);

  /// Whether an answer is to come that counts.
  bool open() const { return request_ != 0; }
  bool hangs() const { return hangs_; }
  bool is_due(time_point now) const { return again_at_ && now >= *again_at_; }
  std::optional<time_point> wake_at() const { return earliest(again_at_, hangs_at_); }

private:
  share_parts checked(const std::vector<std::vector<item_id>>& cut, std::string& complaint) const;
  void report(errc code, const std::string& complaint, step s, runner_effects::all& out);

  const item_table& items_;
  const runner_config& cfg_;
  failure_book& failures_;
  std::uint64_t request_ = 0;          ///< the latest; answers to older ones are ignored
  std::optional<time_point> again_at_; ///< the share runs in one piece because the latest cut was of no use
  backoff backoff_;
  std::uint64_t called_ = 0;           ///< the latest of the calls that have not come back
  std::optional<time_point> hangs_at_; ///< when the one under way takes too long
  bool hangs_ = false;
  open_problems problems_{"job_runner"};
};

} // namespace djm
