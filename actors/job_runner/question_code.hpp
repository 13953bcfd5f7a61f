#pragma once

#include <memory>
#include <vector>

#include "djm/ask_context.hpp"
#include "djm/job.hpp"

namespace djm {

/// What the code of a job has said to a question: written by the thread of the code, and read when its end was told.
struct said_answer {
  expected<bytes> answer = fail(errc::user_code_failed, "the code has ended without an answer");
};

/// A question to the code of a job as the executor runs it: its run calls `job::answer`.
class question_code final : public job {
public:
  question_code(std::shared_ptr<job> asked, bytes question, time_point deadline, std::shared_ptr<said_answer> said)
    : asked_(std::move(asked)), question_(std::move(question)), deadline_(deadline), said_(std::move(said)) {}

  std::vector<item_id> work_pool() override { return {}; }
  void run(job_context& ctx) override;

private:
  std::shared_ptr<job> asked_;
  bytes question_;
  time_point deadline_;
  std::shared_ptr<said_answer> said_;
};

} // namespace djm
