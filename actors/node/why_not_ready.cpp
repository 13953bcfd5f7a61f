#include "actors/node/why_not_ready.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace djm {

std::string why_not_ready(const node_status& s) {
  if (s.state == node_lifecycle::stopping || s.state == node_lifecycle::stopped) {
    return "it is " + to_string(s.state);
  }
  for (const auto* part : {"store", "keeper", "worker"}) {
    if (std::find(s.unanswered.begin(), s.unanswered.end(), part) != s.unanswered.end()) {
      return fmt::format("its {} does not answer: it is busy, or being built anew", part);
    }
  }
  const auto& c = s.connection;
  if (c.phase != registration_phase::joined || c.session != session_phase::connected) {
    return fmt::format("it is not connected (the session is {}, the registration {}{}{})", to_string(c.session),
                       to_string(c.phase), c.last_problem.empty() ? "" : "; ", c.last_problem);
  }
  const auto& w = s.worker;
  if (!w.joined || w.locked == w.assigned) {
    return "it reads what is assigned to it";
  }
  auto text = fmt::format("{} of {} items that are assigned to it are locked", w.locked, w.assigned);
  if (!w.waiting.empty()) {
    const auto& [item, holder] = *w.waiting.begin();
    text += fmt::format("; {} is still held{}{}", item, holder.empty() ? "" : " by ", holder);
  }
  if (w.unknown_jobs > 0) {
    text += fmt::format("; {} are of jobs that it does not know", w.unknown_jobs);
  }
  return text;
}

} // namespace djm
