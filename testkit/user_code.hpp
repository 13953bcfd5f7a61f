#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "djm/job.hpp"
#include "testkit/virtual_clock.hpp"

namespace djm::test {

/// A job as the lock-step executor calls it: the user's own, with a context that marks the waits of user code, and in
/// which looking for a stop request again and again takes time.
class user_code final : public job {
public:
  user_code(std::shared_ptr<job> inner, virtual_clock& clock) : inner_(std::move(inner)), clock_(clock) {}

  std::vector<item_id> work_pool() override { return inner_->work_pool(); }
  void run(job_context& ctx) override;
  std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share) override {
    return inner_->cut_share(share);
  }
  expected<bytes> answer(ask_context& ctx) override { return inner_->answer(ctx); }
  expected<void> prepare(prepare_context& ctx) override;

private:
  std::shared_ptr<job> inner_;
  virtual_clock& clock_;
};

} // namespace djm::test
