#include "djm/command_job.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "execution/command/command_rules.hpp"
#include "execution/command/job_command.hpp"

namespace djm {

namespace {

/// Stands for a run whose executor knows none that are taken over: whoever began it waits.
class awaited_run final : public open_run {
public:
  explicit awaited_run(job_context& ctx) : ctx_(ctx) {}

  job_context& context() override { return ctx_; }
  void follow_lease(std::weak_ptr<lease_follower> f) override {
    if (const auto follower = f.lock()) {
      follower->lease_changed(time_point::max());
    }
  }
  void finish(std::exception_ptr thrown) override {
    std::lock_guard<std::mutex> guard{mutex_};
    if (!end_) {
      end_ = std::move(thrown);
      changed_.notify_all();
    }
  }
  void wait() {
    std::unique_lock<std::mutex> lock{mutex_};
    changed_.wait(lock, [this] { return end_.has_value(); });
    if (*end_) {
      // Handed over, not shared: the thread that has finished the run holds no part of what was thrown any more.
      std::rethrow_exception(std::exchange(*end_, nullptr));
    }
  }

private:
  job_context& ctx_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::exception_ptr> end_;
};

} // namespace

struct command_job::impl {
  /// What the builder has made: everything but its runs.
  std::shared_ptr<job> rest;
  std::shared_ptr<exec::job_commands> commands;
  /// Its configuration may name secrets of the machine.
  bool secrets = true;
};

std::string to_string(command_input x) {
  return enum_text(x);
}

command_job::command_job(std::unique_ptr<impl> x) : impl_(std::move(x)) {}

command_job::~command_job() = default;

expected<job_definition> command_job::define(job_builder base, command_options options, std::shared_ptr<launcher> by) {
  auto complaints = exec::check_command(options);
  if (!by) {
    complaints.emplace_back("command: there is no launcher");
  }
  if (!complaints.empty()) {
    std::string all;
    for (const auto& c : complaints) {
      all += (all.empty() ? "" : "; ") + c;
    }
    return fail(errc::invalid_config, all);
  }
  if (!options.whole_share) {
    base.thread_per_item();
  }
  base.run([](job_context&) {});
  auto definition = base.build();
  if (!definition) {
    return definition;
  }
  auto& grace = definition->spec.stop_grace;
  grace = std::max<duration>(grace, options.stop_grace + by->kill_reserve());
  auto inside = std::make_unique<impl>();
  inside->rest = std::move(definition->code);
  inside->secrets = options.secrets;
  inside->commands = std::make_shared<exec::job_commands>(std::move(options), std::move(by));
  definition->code = std::shared_ptr<job>{new command_job{std::move(inside)}};
  return definition;
}

std::vector<item_id> command_job::work_pool() {
  return impl_->rest->work_pool();
}

bool command_job::begin(const std::shared_ptr<open_run>& run) {
  std::make_shared<exec::job_command>(impl_->commands, run)->begin();
  return true;
}

void command_job::run(job_context& ctx) {
  const auto run = std::make_shared<awaited_run>(ctx);
  begin(run);
  run->wait();
}

std::vector<std::vector<item_id>> command_job::cut_share(const std::vector<item_id>& share) {
  return impl_->rest->cut_share(share);
}

expected<void> command_job::check_config(const user_config& config) const {
  if (const auto named = config.references(); !impl_->secrets && !named.empty()) {
    return fail(errc::invalid_config, to_string(named.front()) + ": this command gets no secrets of the machine");
  }
  return impl_->rest->check_config(config);
}

expected<bytes> command_job::answer(ask_context& ctx) {
  return impl_->rest->answer(ctx);
}

} // namespace djm
