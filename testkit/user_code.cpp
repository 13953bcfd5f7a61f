#include "testkit/user_code.hpp"

namespace djm::test {

namespace {

/// Looks at `stop_requested` at one moment that are free, and what each further one takes.
constexpr int free_looks = 100;
constexpr duration look_time = std::chrono::milliseconds{1};

class user_context final : public job_context {
public:
  user_context(job_context& inner, virtual_clock& clock) : inner_(inner), clock_(clock) {}

  const job_id& job() const override { return inner_.job(); }
  run_id run() const override { return inner_.run(); }
  const std::vector<work_item>& items() const override { return inner_.items(); }
  fencing_token token(const item_id& item) const override { return inner_.token(item); }
  const user_config& config() const override { return inner_.config(); }
  std::int64_t config_rev() const override { return inner_.config_rev(); }
  std::int64_t generation() const override { return inner_.generation(); }

  bool stop_requested() const override {
    // Threads of the job's own are not in lock step: they look for free.
    if (virtual_clock::mine() == &clock_) {
      count_look();
    }
    return inner_.stop_requested();
  }
  djm::stop_reason reason() const override { return inner_.reason(); }
  std::vector<item_id> revoked_items() const override { return inner_.revoked_items(); }
  std::optional<wall_time> slot() const override { return inner_.slot(); }
  std::optional<wall_time> due() const override { return inner_.due(); }
  missed_slots missed() const override { return inner_.missed(); }
  std::uint32_t attempt() const override { return inner_.attempt(); }
  void beat(std::uint64_t done, std::uint64_t total, std::string text) override {
    inner_.beat(done, total, std::move(text));
  }

  bool stop_requested(const item_id& item) const override {
    if (virtual_clock::mine() == &clock_) {
      count_look();
    }
    return inner_.stop_requested(item);
  }
  void release(const item_id& item) override { inner_.release(item); }
  void fail_item(const item_id& item, const std::string& what) override { inner_.fail_item(item, what); }
  void fail_item_for_good(const item_id& item, const std::string& what) override {
    inner_.fail_item_for_good(item, what);
  }

  void decline(const item_id& item, const std::string& why) override { inner_.decline(item, why); }
  expected<std::optional<bytes>> load(const item_id& item) override {
    virtual_clock::user_wait flag;
    return inner_.load(item);
  }
  expected<void> save(const item_id& item, const bytes& state) override {
    virtual_clock::user_wait flag;
    return inner_.save(item, state);
  }

  using job_context::wait_for_stop;
  bool wait_for_stop(duration timeout) override {
    virtual_clock::user_wait flag;
    return inner_.wait_for_stop(timeout);
  }
  stop_subscription on_stop(std::function<void(djm::stop_reason)> f) override { return inner_.on_stop(std::move(f)); }

private:
  void count_look() const {
    if (const auto now = clock_.now(); now != looked_at_) {
      looked_at_ = now;
      looks_ = 0;
    }
    if (++looks_ > free_looks) {
      clock_.spend(look_time);
      looked_at_ = clock_.now();
    }
  }

  job_context& inner_;
  virtual_clock& clock_;
  mutable time_point looked_at_{};
  mutable int looks_ = 0;
};

} // namespace

void user_code::run(job_context& ctx) {
  user_context shown{ctx, clock_};
  inner_->run(shown);
}

expected<void> user_code::prepare(prepare_context& ctx) {
  user_context shown{ctx.run(), clock_};
  prepare_context wrapped{shown};
  return inner_->prepare(wrapped);
}

} // namespace djm::test
