#include <string>

#include "actors/node/node_state.hpp"

namespace djm {

error hanging_error(const node_state& st, const job_id& job) {
  const auto& activity = *st.jobs.at(job).activity;
  std::string what;
  const auto add = [&](const std::string& x) { what += (what.empty() ? "" : ", ") + x; };
  for (const auto& r : st.parts.env->exec().running(job)) {
    if (r.question) {
      add("its answer to a question about item \"" + r.items.front().id + "\"");
      continue;
    }
    add("run " + std::to_string(r.id) + " with item \"" + r.items.front().id + "\"" +
        (r.items.size() > 1 ? " and " + std::to_string(r.items.size() - 1) + " more" : ""));
  }
  if (activity.pool_calls > 0) {
    add("its pool function");
  }
  if (activity.config_calls > 0) {
    add("its function that checks the configuration");
  }
  if (activity.cut_calls > 0) {
    add("its running strategy");
  }
  if (activity.dying) {
    add("the destructor of its code");
  }
  if (what.empty()) {
    return {errc::timed_out, "job \"" + job + "\" on node \"" + st.identity.config.id +
                               "\": its items could not be given back to the store in time"};
  }
  return {errc::user_code_hangs,
          "job \"" + job + "\" on node \"" + st.identity.config.id + "\": " + what + " has not come back"};
}

} // namespace djm
