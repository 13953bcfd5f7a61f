#include "actors/store/limit_reporter.hpp"

#include <chrono>
#include <string>

namespace djm {

namespace {

/// Watches come and go: the limit counts as met until there is room, and has been for so long.
constexpr std::chrono::minutes room_for{1};
/// Answers in time for so many deadlines: the store keeps up again.
constexpr int deadlines_in_time = 5;

bool has_room(const store::session_counters& c) {
  return c.watches <= c.max_watches / 10 * 9 && c.watch_bytes <= c.max_watch_bytes / 10 * 9;
}

} // namespace

std::vector<event> limit_reporter::look(const store::session_counters& c, bool connected, time_point now) {
  std::vector<event> news;
  look_at_watches(c, now, news);
  look_at_answers(c, connected, now, news);
  return news;
}

void limit_reporter::look_at_watches(const store::session_counters& c, time_point now, std::vector<event>& news) {
  if (c.watches_refused > told_refused_) {
    told_refused_ = c.watches_refused;
    refused_at_ = now;
    news.push_back(problem{"store",
                           {errc::too_large, "watch_limit: a session may have " + std::to_string(max_watches_) +
                                               " watches; what has none is looked at again from time to time"},
                           "watch_limit"});
  } else if (refused_at_ && has_room(c) && now > *refused_at_ + room_for) {
    refused_at_.reset();
    news.push_back(problem_over{"store", "watch_limit"});
  }
}

void limit_reporter::look_at_answers(const store::session_counters& c, bool connected, time_point now,
                                     std::vector<event>& news) {
  if (c.overdue > told_overdue_) {
    told_overdue_ = c.overdue;
    overdue_at_ = now;
    news.push_back(
      problem{"store",
              {errc::timed_out, "the store does not answer within operation_deadline, " + format_duration(deadline_)},
              "answers"});
  } else if (overdue_at_ && now > *overdue_at_ + deadlines_in_time * deadline_ && connected) {
    overdue_at_.reset();
    news.push_back(problem_over{"store", "answers"});
  }
}

} // namespace djm
