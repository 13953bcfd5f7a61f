#include "actors/job_runner/question_code.hpp"

#include <string>
#include <utility>

namespace djm {

namespace {

/// A question has its item and its stop request as a run has.
class question_context final : public ask_context {
public:
  question_context(job_context& as_run, const bytes& question, time_point deadline)
    : as_run_(as_run), question_(question), deadline_(deadline) {}

  const job_id& job() const override { return as_run_.job(); }
  const work_item& item() const override { return as_run_.items().front(); }
  const bytes& question() const override { return question_; }
  const user_config& config() const override { return as_run_.config(); }
  std::int64_t config_rev() const override { return as_run_.config_rev(); }
  time_point deadline() const override { return deadline_; }
  bool stop_requested() const override { return as_run_.stop_requested(); }
  stop_reason reason() const override { return as_run_.reason(); }
  using ask_context::wait_for_stop;
  bool wait_for_stop(duration timeout) override { return as_run_.wait_for_stop(timeout); }

private:
  job_context& as_run_;
  const bytes& question_;
  time_point deadline_;
};

} // namespace

void question_code::run(job_context& ctx) {
  question_context shown{ctx, question_, deadline_};
  auto answer = asked_->answer(shown);
  if (answer && answer->data.size() > max_question_size) {
    answer = fail(errc::too_large, "job \"" + ctx.job() + "\": the answer about item \"" + shown.item().id + "\" has " +
                                     std::to_string(answer->data.size()) + " bytes; at most " +
                                     std::to_string(max_question_size) + " are possible");
  }
  said_->answer = std::move(answer);
}

} // namespace djm
