#include "actors/node/guarded_job.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "actors/executor/user_scope.hpp"

namespace djm {

namespace {

/// Counts a call also where it ends by an exception or the end of its thread.
class counted {
public:
  explicit counted(std::atomic<int>& calls) : calls_(calls) { ++calls_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --calls_; }

private:
  std::atomic<int>& calls_;
};

/// Releases the user's object where it is destroyed itself: within the call that was meant for it, or, when that is
/// never made because the node has ended, wherever its task is dropped.
struct last_release {
  std::shared_ptr<job> code;
  std::shared_ptr<job_activity> activity;
  std::function<void()> gone;

  ~last_release() {
    activity->dying = true;
    code.reset();
    gone();
  }
};

std::int64_t generation_in(const std::optional<bytes>& state) {
  std::int64_t generation = 0;
  if (state) {
    const std::string text(state->data.begin(), state->data.end());
    std::from_chars(text.data(), text.data() + text.size(), generation);
  }
  return generation;
}

/// A store that is away is no fault of the code, and told elsewhere.
[[noreturn]] void give_up(const error& why, const char* what) {
  switch (why.code) {
  case errc::not_owner:
  case errc::not_connected:
  case errc::timed_out:
  case errc::backlog_full:
  case errc::unknown_outcome:
  case errc::shutting_down: throw retry_later{std::chrono::seconds{1}};
  default: throw std::runtime_error{what + why.text};
  }
}

/// The state of the hidden item says which preparation is done, and is fenced like that of any other: whoever holds the
/// item sees what all before it have done, and who does not hold it any more says nothing.
void prepare_once(job& code, job_context& ctx) {
  const auto item = ctx.items().front().id;
  const auto state = ctx.load(item);
  if (!state) {
    give_up(state.error(), "whether it was done before cannot be read: ");
  }
  if (generation_in(*state) >= ctx.generation()) {
    return;
  }
  prepare_context shown{ctx};
  if (const auto done = code.prepare(shown); !done) {
    throw std::runtime_error{done.error().text};
  }
  if (ctx.stop_requested()) {
    throw std::runtime_error{"it was asked to stop before it had come back"};
  }
  if (const auto saved = ctx.save(item, bytes_of(std::to_string(ctx.generation()))); !saved) {
    give_up(saved.error(), "that it is done cannot be saved: ");
  }
}

} // namespace

guarded_job::guarded_job(const void* node, job_id id, std::shared_ptr<job> code, std::shared_ptr<job_activity> activity)
  : node_(node), id_(std::move(id)), code_(std::move(code)), activity_(std::move(activity)) {}

std::vector<item_id> guarded_job::work_pool() {
  const user_scope scope{this};
  const counted call{activity_->pool_calls};
  return code_->work_pool();
}

void guarded_job::run(job_context& ctx) {
  const user_scope scope{this};
  if (ctx.items().size() == 1 && ctx.items().front().id == preparation_item) {
    prepare_once(*code_, ctx);
  } else {
    code_->run(ctx);
  }
}

bool guarded_job::begin(const std::shared_ptr<open_run>& run) {
  const user_scope scope{this};
  return code_->begin(run);
}

std::vector<std::vector<item_id>> guarded_job::cut_share(const std::vector<item_id>& share) {
  const user_scope scope{this};
  const counted call{activity_->cut_calls};
  return code_->cut_share(share);
}

expected<void> guarded_job::check_config(const user_config& config) const {
  const user_scope scope{this};
  const counted call{activity_->config_calls};
  return code_->check_config(config);
}

expected<bytes> guarded_job::answer(ask_context& ctx) {
  const user_scope scope{this};
  return code_->answer(ctx);
}

void release_as_user_code(node_env& env, std::string owner, std::shared_ptr<void> last) {
  env.exec().call_user(std::move(owner), [last = std::move(last)]() mutable { last = nullptr; });
}

std::shared_ptr<job> guard(const std::shared_ptr<node_env>& env, job_id id, std::shared_ptr<job> code,
                           std::shared_ptr<job_activity> activity, std::function<void()> gone) {
  auto guarded = std::make_unique<guarded_job>(env.get(), std::move(id), std::move(code), activity);
  auto let_go = [weak = std::weak_ptr<node_env>{env}, activity = std::move(activity),
                 gone = std::move(gone)](guarded_job* x) {
    const auto job = x->id();
    std::shared_ptr<last_release> last{new last_release{x->let_go(), activity, gone}};
    delete x;
    if (const auto e = weak.lock()) {
      release_as_user_code(*e, "end " + job, std::move(last));
    }
  };
  return {guarded.release(), std::move(let_go)};
}

const guarded_job* code_of_node(const void* node) {
  const auto* code = dynamic_cast<const guarded_job*>(user_scope::current());
  return code != nullptr && code->node() == node ? code : nullptr;
}

} // namespace djm
