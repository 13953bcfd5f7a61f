#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "actors/node/admin_core.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/node_jobs.hpp"

namespace djm {

/// What users ask of the whole cluster, by way of any node: hands their wishes to `admin_core`, and its answers to
/// those who wait for them. While the node stops it takes none.
class admin_shell {
public:
  /// `core_waits`: called whenever the core may want to be woken at another moment.
  admin_shell(const node_context& at, const node_jobs& jobs, std::function<void()> core_waits)
    : at_(at), jobs_(jobs), core_waits_(std::move(core_waits)) {}

  /// Once, when it is known which node this is.
  void init() { core_ = std::make_unique<admin_core>(admin_settings(at_.identity)); }

  /// Something happens now, which the core has a member `on(args..., step)` for.
  template <class... Params, class... Args>
  void tell(admin_core::effects (admin_core::*on)(Params...), Args&&... args) {
    carry_out((core_.get()->*on)(std::forward<Args>(args)..., make_step(at_.env())));
  }
  void stop() { carry_out(core_->on_stop()); }
  void judged(const config_judged& m);
  std::optional<time_point> wake_at() const { return core_->wake_at(); }
  /// One that no wish has.
  std::uint64_t next_number() { return ++last_; }

  void apply(commit_effect& x);
  void apply(read_effect& x);
  void apply(admin_core::done& x);
  void apply(admin_core::viewed& x);

  // answered when it is written
  caf::result<void> wish(admin_core::wish w);
  caf::result<void> switch_one(const switch_job& m);
  caf::result<void> forget_job(const delete_job& m);
  caf::result<void> mark(const mark_worker& m);
  // answered with the `rev` of the record that says so
  caf::result<std::int64_t> order(const job_id& job, store::job_order what,
                                  std::optional<std::int64_t> expected_rev = {});
  caf::result<std::int64_t> configure(configure_job& m);
  caf::result<std::int64_t> trigger(trigger_job& m);
  // answered with what is saved of the item then
  caf::result<item_state> see_state(const get_item_state& m);
  caf::result<item_state> set_state(set_item_state& m);
  // answered as `viewed`
  caf::result<cluster_view> see_cluster();

private:
  template <class Answer>
  using promises = std::map<std::uint64_t, caf::typed_response_promise<Answer>>;

  void carry_out(admin_core::effects fx);
  template <class Answer>
  caf::result<Answer> ask(promises<Answer>& waiting, admin_core::wish w);
  caf::result<item_state> ask_about(const item_ref& item, admin_core::wish w);
  expected<void> check_order(const job_id& job) const;
  void ask_code(std::uint64_t wish, const job_entry& j, user_config config);

  const node_context& at_;
  const node_jobs& jobs_;
  std::function<void()> core_waits_;
  std::unique_ptr<admin_core> core_;

  /// Who waits for the answer to which wish.
  std::uint64_t last_ = 0;
  promises<void> wishes_;
  promises<std::int64_t> orders_;
  promises<cluster_view> views_;
  promises<item_state> item_states_;
};

} // namespace djm
