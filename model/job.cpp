#include "djm/job.hpp"

#include <set>

namespace djm {

namespace {

using pool_fn = std::function<std::vector<item_id>()>;
using cut_fn = std::function<std::vector<std::vector<item_id>>(const std::vector<item_id>&)>;
using run_fn = std::function<void(job_context&)>;
using check_fn = std::function<expected<void>(const user_config&)>;
using answer_fn = std::function<expected<bytes>(ask_context&)>;
using prepare_fn = std::function<void(prepare_context&)>;

/// A job made of functions.
class function_job final : public job {
public:
  function_job(pool_fn pool, cut_fn cut, run_fn run, check_fn check, answer_fn answer, prepare_fn prepare)
    : pool_(std::move(pool)),
      cut_(std::move(cut)),
      run_(std::move(run)),
      check_(std::move(check)),
      answer_(std::move(answer)),
      prepare_(std::move(prepare)) {}

  std::vector<item_id> work_pool() override { return pool_(); }

  void run(job_context& ctx) override { run_(ctx); }

  std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share) override {
    return cut_ ? cut_(share) : job::cut_share(share);
  }

  expected<void> check_config(const user_config& config) const override {
    return check_ ? check_(config) : job::check_config(config);
  }

  expected<bytes> answer(ask_context& ctx) override { return answer_ ? answer_(ctx) : job::answer(ctx); }

  expected<void> prepare(prepare_context& ctx) override {
    if (prepare_) {
      prepare_(ctx);
    }
    return {};
  }

private:
  pool_fn pool_;
  cut_fn cut_;
  run_fn run_;
  check_fn check_;
  answer_fn answer_;
  prepare_fn prepare_;
};

expected<void> check_pool(const job_id& job, const std::vector<item_id>& items) {
  std::set<std::string_view> seen;
  for (const auto& item : items) {
    if (auto ok = check_id(item); !ok) {
      return fail(ok.error().code, "job \"" + job + "\": " + ok.error().text);
    }
    if (item == preparation_item) {
      return fail(errc::invalid_id, "job \"" + job + "\": item \"" + item +
                                      "\": this name is reserved, for what a job does before any item runs");
    }
    if (!seen.insert(item).second) {
      return fail(errc::invalid_config, "job \"" + job + "\": item \"" + item + "\" is listed twice");
    }
  }
  return {};
}

} // namespace

job::~job() = default;

bool job::begin(const std::shared_ptr<open_run>&) {
  return false;
}

std::vector<std::vector<item_id>> job::cut_share(const std::vector<item_id>& share) {
  return {share};
}

expected<void> job::check_config(const user_config&) const {
  return {};
}

expected<bytes> job::answer(ask_context& ctx) {
  return fail(errc::invalid_state, "job \"" + ctx.job() + "\" answers no questions");
}

expected<void> job::prepare(prepare_context&) {
  return {};
}

job_builder::job_builder(job_id id) {
  spec_.id = std::move(id);
}

job_builder& job_builder::items(std::vector<item_id> fixed_pool) {
  fixed_ = std::move(fixed_pool);
  pool_ = nullptr;
  spec_.pool_check_period = duration::zero();
  has_pool_ = true;
  return *this;
}

job_builder& job_builder::pool(std::function<std::vector<item_id>()> f, any_duration check_period) {
  fixed_.clear();
  pool_ = std::move(f);
  spec_.pool_check_period = check_period;
  has_pool_ = static_cast<bool>(pool_);
  return *this;
}

job_builder& job_builder::pool_timeout(any_duration d) {
  spec_.pool_timeout = d;
  return *this;
}

job_builder& job_builder::every(any_duration period, any_duration initial_delay) {
  return schedule(schedule::fixed_delay(period, initial_delay));
}

job_builder& job_builder::at_fixed_rate(any_duration period, any_duration initial_delay) {
  return schedule(schedule::fixed_rate(period, initial_delay));
}

job_builder& job_builder::on_trigger_only() {
  return schedule(schedule::on_trigger());
}

job_builder& job_builder::at(const calendar& c) {
  auto s = schedule::by(c);
  calendar_ = s ? expected<void>{} : tl::make_unexpected(s.error());
  spec_.schedule = s ? *std::move(s) : djm::schedule{};
  return *this;
}

job_builder& job_builder::jitter(any_duration most) {
  spec_.slots.jitter = most;
  return *this;
}

job_builder& job_builder::overlap(djm::overlap rule) {
  spec_.slots.overlap = rule;
  return *this;
}

job_builder& job_builder::remember(djm::slots rule) {
  spec_.slots.remember = rule;
  return *this;
}

job_builder& job_builder::least_claim_gap(any_duration d) {
  spec_.slots.least_claim_gap = d;
  return *this;
}

job_builder& job_builder::catch_up(djm::catch_up rule, any_duration window) {
  spec_.slots.catch_up = rule;
  spec_.slots.window = window;
  return *this;
}

job_builder& job_builder::retry(djm::retry rule) {
  spec_.failures.retry = rule;
  return *this;
}

job_builder& job_builder::run_timeout(any_duration d) {
  spec_.failures.run_timeout = d;
  return *this;
}

job_builder& job_builder::beat_timeout(any_duration d) {
  spec_.failures.beat_timeout = d;
  return *this;
}

job_builder& job_builder::park_item_after(std::uint32_t slots) {
  spec_.failures.park_item_after = slots;
  return *this;
}

job_builder& job_builder::decline_item_after(std::uint32_t slots) {
  spec_.failures.decline_item_after = slots;
  return *this;
}

job_builder& job_builder::refused_for(any_duration d) {
  spec_.failures.refused_for = d;
  return *this;
}

job_builder& job_builder::pause_job_after(std::uint32_t slots) {
  spec_.failures.pause_job_after = slots;
  return *this;
}

job_builder& job_builder::schedule(djm::schedule s) {
  calendar_ = {};
  spec_.schedule = std::move(s);
  return *this;
}

job_builder& job_builder::thread_per_item() {
  spec_.mode = running_mode::thread_per_item;
  return *this;
}

job_builder& job_builder::cut_by(std::function<std::vector<std::vector<item_id>>(const std::vector<item_id>&)> f) {
  spec_.mode = running_mode::custom;
  cut_ = std::move(f);
  return *this;
}

job_builder& job_builder::max_concurrent_runs(std::uint32_t n) {
  spec_.max_concurrent_runs = n;
  return *this;
}

job_builder& job_builder::on_new_items(new_items_policy p) {
  spec_.on_new_items = p;
  return *this;
}

job_builder& job_builder::stop_grace(any_duration d) {
  spec_.stop_grace = d;
  return *this;
}

job_builder& job_builder::on_pool_change(pool_change meaning) {
  spec_.on_pool_change = meaning;
  return *this;
}

job_builder& job_builder::wait_limit(any_duration d) {
  spec_.attributes.wait_limit = d;
  return *this;
}

job_builder& job_builder::disabled() {
  spec_.enabled = false;
  return *this;
}

job_builder& job_builder::revision(std::int64_t n) {
  spec_.revision = n;
  return *this;
}

job_builder& job_builder::deployment(std::string name) {
  spec_.deployment = std::move(name);
  return *this;
}

job_builder& job_builder::config(user_config defaults) {
  return checked_config(std::move(defaults), nullptr);
}

job_builder& job_builder::checked_config(expected<user_config> defaults, config_check check) {
  config_check_ = std::move(check);
  config_fault_ = defaults ? expected<void>{} : tl::make_unexpected(defaults.error());
  spec_.config = std::move(defaults).value_or(user_config{});
  return *this;
}

job_builder& job_builder::strategy(std::string name) {
  spec_.attributes.strategy = std::move(name);
  return *this;
}

job_builder& job_builder::attributes(job_attributes a) {
  // `strategy` and `wait_limit` may have been called before.
  if (a.strategy.empty()) {
    a.strategy = std::move(spec_.attributes.strategy);
  }
  if (a.wait_limit == duration::zero()) {
    a.wait_limit = spec_.attributes.wait_limit;
  }
  spec_.attributes = std::move(a);
  return *this;
}

job_builder& job_builder::run(std::function<void(job_context&)> f) {
  run_ = std::move(f);
  return *this;
}

job_builder& job_builder::on_ask(std::function<expected<bytes>(ask_context&)> f) {
  answer_ = std::move(f);
  return *this;
}

job_builder& job_builder::prepare(std::function<void(prepare_context&)> f) {
  prepare_ = std::move(f);
  spec_.prepares = static_cast<bool>(prepare_);
  return *this;
}

expected<job_definition> job_builder::build() const {
  if (!calendar_ && is_valid_id(spec_.id)) {
    return fail(calendar_.error().code, "job \"" + spec_.id + "\": schedule: " + calendar_.error().text);
  }
  if (auto ok = validate(spec_); !ok) {
    return tl::make_unexpected(ok.error());
  }
  const auto where = "job \"" + spec_.id + "\": ";
  if (!run_) {
    return fail(errc::invalid_config, where + "no run function; call run(f)");
  }
  if (!has_pool_) {
    return fail(errc::invalid_config, where + "no work items; call items({...}) or pool(f)");
  }
  if (spec_.mode == running_mode::custom && !cut_) {
    return fail(errc::invalid_running_strategy, where + "cut_by was given an empty function");
  }
  if (!config_fault_) {
    return fail(config_fault_.error().code, where + "config: " + config_fault_.error().text);
  }
  if (auto ok = check_pool(spec_.id, fixed_); !ok) {
    return tl::make_unexpected(ok.error());
  }
  auto pool = pool_ ? pool_ : pool_fn{[items = fixed_] { return items; }};
  return job_definition{spec_,
                        std::make_shared<function_job>(std::move(pool), cut_, run_, config_check_, answer_, prepare_)};
}

} // namespace djm
