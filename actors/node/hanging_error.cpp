#include "actors/node/hanging_error.hpp"

#include <string>

namespace djm {

error hanging_error(const node_id& node, const job_id& job, const job_activity& activity,
                    const std::vector<running_info>& running) {
  std::string what;
  const auto add = [&](const std::string& x) { what += (what.empty() ? "" : ", ") + x; };
  for (const auto& r : running) {
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
    return {errc::timed_out,
            "job \"" + job + "\" on node \"" + node + "\": its items could not be given back to the store in time"};
  }
  return {errc::user_code_hangs, "job \"" + job + "\" on node \"" + node + "\": " + what + " has not come back"};
}

} // namespace djm
