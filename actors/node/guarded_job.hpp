#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/env/node_env.hpp"
#include "djm/job.hpp"

namespace djm {

/// What user code of one job is under way, beside its runs.
struct job_activity {
  std::atomic<int> pool_calls{0};
  std::atomic<int> cut_calls{0};
  std::atomic<int> config_calls{0};
  std::atomic<bool> dying{false};
};

/// The job as the node's parts hold it: passes everything on to the user's object and knows what is under way.
class guarded_job final : public job {
public:
  guarded_job(const void* node, job_id id, std::shared_ptr<job> code, std::shared_ptr<job_activity> activity);

  std::vector<item_id> work_pool() override;
  void run(job_context& ctx) override;
  bool begin(const std::shared_ptr<open_run>& run) override;
  std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share) override;
  expected<void> check_config(const user_config& config) const override;
  expected<bytes> answer(ask_context& ctx) override;

  /// Which node it is registered on: its environment.
  const void* node() const { return node_; }
  const job_id& id() const { return id_; }
  std::shared_ptr<job> let_go() { return std::move(code_); }

private:
  const void* node_;
  job_id id_;
  std::shared_ptr<job> code_;
  std::shared_ptr<job_activity> activity_;
};

/// Wraps the user's object. Whoever runs its code shares the result, so when the last of them lets go nothing of it
/// runs or will run: then the user's object is released on a thread for user code, never on an actor's, and `gone` is
/// called there.
std::shared_ptr<job> guard(const std::shared_ptr<node_env>& env, job_id id, std::shared_ptr<job> code,
                           std::shared_ptr<job_activity> activity, std::function<void()> gone);

/// Lets go of what may destroy an object of the user's on a thread for user code: a destructor can take its time, and
/// holds up nothing but what has the same owner. Where two wait for one owner the former is destroyed by the caller:
/// name one that no other has.
void release_as_user_code(node_env& env, std::string owner, std::shared_ptr<void> last);

/// The job of this node whose code the calling thread is in; null: none.
const guarded_job* code_of_node(const void* node);

} // namespace djm
