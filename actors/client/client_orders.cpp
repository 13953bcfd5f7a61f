#include <random>
#include <utility>

#include <fmt/format.h>

#include "actors/client/client_impl.hpp"

/// The orders of a client: each is one order of the core, which is decided and written.
namespace djm {

namespace {

order_core::order marks(const node_id& worker, std::optional<bool> draining, std::optional<bool> cordoned) {
  return order_core::set_marks{worker, {draining, cordoned}};
}

expected<void> check_item(const job_id& job, const item_id& item) {
  auto ok = check_id(job);
  return ok ? check_id(item) : ok;
}

} // namespace

expected<order_result> client::impl::mark(const node_id& worker, std::optional<bool> draining,
                                          std::optional<bool> cordoned, order_mode mode,
                                          const optional_duration& timeout) {
  if (auto ok = check_id(worker); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return order_in_turn(marks(worker, draining, cordoned), mode, timeout);
}

expected<order_result> client::impl::switch_one(const job_id& job, bool enabled, order_mode mode,
                                                const optional_duration& timeout) {
  if (auto ok = check_id(job); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return order_in_turn(order_core::switch_job{job, enabled}, mode, timeout);
}

expected<order_result> client::mark(const node_id& worker, std::optional<bool> draining, std::optional<bool> cordoned,
                                    order_mode mode, optional_duration timeout) {
  if (!draining && !cordoned) {
    return fail(errc::invalid_config, "mark: neither draining nor cordoned is given");
  }
  return impl_->mark(worker, draining, cordoned, mode, timeout);
}

expected<order_result> client::drain(const node_id& worker, order_mode mode, optional_duration timeout) {
  return impl_->mark(worker, true, std::nullopt, mode, timeout);
}

expected<order_result> client::undrain(const node_id& worker, order_mode mode, optional_duration timeout) {
  return impl_->mark(worker, false, std::nullopt, mode, timeout);
}

expected<order_result> client::cordon(const node_id& worker, order_mode mode, optional_duration timeout) {
  return impl_->mark(worker, std::nullopt, true, mode, timeout);
}

expected<order_result> client::uncordon(const node_id& worker, order_mode mode, optional_duration timeout) {
  return impl_->mark(worker, std::nullopt, false, mode, timeout);
}

expected<order_result> client::enable_job(const job_id& job, order_mode mode, optional_duration timeout) {
  return impl_->switch_one(job, true, mode, timeout);
}

expected<order_result> client::disable_job(const job_id& job, order_mode mode, optional_duration timeout) {
  return impl_->switch_one(job, false, mode, timeout);
}

expected<order_result> client::enable_all(order_mode mode, optional_duration timeout) {
  return impl_->order_in_turn(order_core::switch_all{false}, mode, timeout);
}

expected<order_result> client::disable_all(order_mode mode, optional_duration timeout) {
  return impl_->order_in_turn(order_core::switch_all{true}, mode, timeout);
}

// -- the records of jobs ----------------------------------------------------------

expected<order_result> client::impl::change(const job_id& job, store::job_order what, std::optional<std::int64_t> rev,
                                            order_mode mode, const optional_duration& timeout) {
  if (auto ok = check_id(job); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return order_in_turn(order_core::change_record{job, std::move(what), rev}, mode, timeout);
}

expected<order_result> client::update_job(const job_id& job, user_config overrides, std::optional<std::int64_t> rev,
                                          order_mode mode, optional_duration timeout) {
  return impl_->change(job, store::order::override_spec{std::move(overrides), false}, rev, mode, timeout);
}

expected<order_result> client::replace_overrides(const job_id& job, user_config overrides,
                                                 std::optional<std::int64_t> rev, order_mode mode,
                                                 optional_duration timeout) {
  return impl_->change(job, store::order::override_spec{std::move(overrides), true}, rev, mode, timeout);
}

expected<order_result> client::configure_job(const job_id& job, user_config config, std::optional<std::int64_t> rev,
                                             order_mode mode, optional_duration timeout) {
  return impl_->change(job, store::order::configure{std::move(config)}, rev, mode, timeout);
}

expected<order_result> client::pause_job(const job_id& job, order_mode mode, optional_duration timeout) {
  return impl_->change(job, store::order::pause{true}, std::nullopt, mode, timeout);
}

expected<order_result> client::resume_job(const job_id& job, order_mode mode, optional_duration timeout) {
  return impl_->change(job, store::order::pause{false}, std::nullopt, mode, timeout);
}

expected<order_result> client::prepare_again(const job_id& job, order_mode mode, optional_duration timeout) {
  return impl_->change(job, store::order::prepare_again{}, std::nullopt, mode, timeout);
}

expected<order_result> client::remove_job(const job_id& job, order_mode mode, optional_duration timeout) {
  return impl_->change(job, store::order::remove{}, std::nullopt, mode, timeout);
}

expected<order_result> client::trigger_job(const job_id& job, std::string request, order_mode mode,
                                           optional_duration timeout) {
  if (request.empty()) {
    std::random_device draw;
    request = fmt::format("t-{:08x}{:08x}", draw(), draw());
  } else if (auto ok = check_id(id_kind::item, request); !ok) {
    return fail(errc::invalid_id, "request: " + ok.error().text);
  }
  return impl_->change(job, store::order::trigger{std::move(request)}, std::nullopt, mode, timeout);
}

// -- saved states -----------------------------------------------------------------

expected<item_state> client::get_item_state(const job_id& job, const item_id& item, optional_duration timeout) {
  if (auto ok = check_item(job, item); !ok) {
    return tl::make_unexpected(ok.error());
  }
  const client_call call{*impl_, timeout};
  return call ? impl_->saved({job, item}, call.until()) : tl::make_unexpected(call.busy());
}

expected<order_result> client::set_item_state(const job_id& job, const item_id& item, std::optional<bytes> state,
                                              std::optional<std::int64_t> version, order_mode mode,
                                              optional_duration timeout) {
  if (auto ok = check_item(job, item); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return impl_->order_in_turn(order_core::set_state{{{job, item}, std::move(state), version, {}}}, mode, timeout);
}

} // namespace djm
