#include "actors/node/status_teller.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "actors/common/post.hpp"
#include "actors/protocol/common.hpp"

namespace djm {

namespace {

/// Bytes of memory that this process has; 0: the system does not say.
std::uint64_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t all = 0, resident = 0;
  return in >> all >> resident ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

void wake_later(const caf::weak_actor_ptr& self, node_env& env, duration period) {
  env.arm(env.now() + period, [self] { post_to<caf::actor>(self, msg::wake{}); });
}

} // namespace

std::string status_line(const node_status& s, std::uint64_t resident) {
  const auto memory =
    resident == 0 ? std::string{"-"} : fmt::format("{:.1f} MiB", static_cast<double>(resident) / (1u << 20));
  const auto problems =
    std::count_if(s.problems.begin(), s.problems.end(), [](const problem_status& p) { return p.ended_ms == 0; });
  return fmt::format("{}{}, {} resident, {} jobs, {} of {} items locked, {} threads busy, {} runs wait, {} over, {} "
                     "failed, {} problems",
                     to_string(s.state), s.ready ? " and ready" : "", memory, s.jobs.size(), s.worker.locked,
                     s.worker.assigned, s.executor.busy, s.executor.waiting, s.executor.finished, s.executor.failed,
                     problems);
}

void log_status_line(node_env& env, const node_status& s) {
  env.log({log_level::info, {}, "status", status_line(s, resident_bytes()), {}});
}

caf::behavior status_teller_behavior(cx::event_based_actor* self, const node_actor& node,
                                     const std::shared_ptr<node_env>& env, duration period,
                                     const std::function<void(node_status&)>& tell) {
  // Timers and requests hold nobody alive but for the moment of an answer.
  const caf::weak_actor_ptr me{self->ctrl()};
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(node);
  self->monitor(node, [self](const caf::error&) { self->quit(); });
  wake_later(me, *env, period);
  return {
    [self, me, weak, env, period, tell](msg::wake) {
      wake_later(me, *env, period);
      // A node that does not answer within a period is asked again in the next one.
      if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
        self->mail(get_status{})
          .request(caf::actor_cast<node_actor>(strong), cx::timeout{period})
          .then([tell](node_status& s) { tell(s); }, [](const caf::error&) {});
      }
    },
  };
}

} // namespace djm
