#pragma once

#include <optional>
#include <utility>

#include "djm/job_record.hpp"

namespace djm {

/// What this node has seen last of the record of a job, over the lives of its keepers and runners.
class record_sight {
public:
  /// Whether whoever listens hears of it: of what others may go by, and not of each word of a keeper.
  bool is_news(const followed_job& what) const {
    return !last_ || last_->rev != what.rev || last_->rules != what.rules;
  }
  /// The runner has it. Another one in its place hears the same, but the triggers have been heard.
  void keep(followed_job what) {
    what.triggers = 0;
    last_ = std::move(what);
  }
  /// What the store says from now on has another history.
  void forget() { last_.reset(); }
  /// Nothing before the keeper has found the record.
  const std::optional<followed_job>& last() const { return last_; }

private:
  std::optional<followed_job> last_;
};

} // namespace djm
