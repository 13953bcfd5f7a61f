#include <fmt/format.h>

#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/run_context.hpp"
#include "djm/item_state.hpp"

/// The states of items, as runs load and save them.
namespace djm {

expected<std::optional<bytes>> run_context::load(const item_id& item) {
  return ask_state(item, std::nullopt);
}

expected<void> run_context::save(const item_id& item, const bytes& state) {
  if (state.data.size() > max_item_state) {
    return fail(errc::too_large, fmt::format("the state of item \"{}\" of job \"{}\" has {} bytes; at most {} can be "
                                             "saved",
                                             item, order_.job, state.data.size(), max_item_state));
  }
  auto answer = ask_state(item, state);
  return answer ? expected<void>{} : tl::make_unexpected(std::move(answer.error()));
}

/// Blocks the calling thread. An answer that comes when nobody waits any more finds nobody.
expected<std::optional<bytes>> run_context::ask_state(const item_id& item, std::optional<bytes> save) {
  const auto named = [&] { return fmt::format("item \"{}\" of job \"{}\"", item, order_.job); };
  const auto* held = find(item);
  std::unique_lock<std::mutex> lock{mutex_};
  if (ended_ || held == nullptr || released_.count(item) > 0) {
    return fail(errc::not_owner, fmt::format("{} is none of run {}{}", named(), order_.id,
                                             held == nullptr ? "" : " any more: it has ended, or released it"));
  }
  lock.unlock();
  const bool saves = save.has_value();
  const auto answered = std::make_shared<std::optional<state_reply::answer>>();
  auto reply = std::make_shared<state_reply>(
    [self = shared_from_this(), answered](state_reply::answer a) {
      std::lock_guard<std::mutex> guard{self->mutex_};
      answered->emplace(std::move(a));
      self->wake();
    },
    saves);
  const auto patience = services_->ask_state
                          ? services_->ask_state({{order_.job, item}, held->token, std::move(save), std::move(reply)})
                          : duration::zero();
  if (patience == duration::zero()) {
    return fail(errc::not_connected, fmt::format("{}: nobody loads or saves its state here", named()));
  }
  lock.lock();
  // Whoever is asked keeps to that time by itself; what is added is for a part that stands still.
  const auto until = saturating_add(services_->clock->now(), patience + patience / 2);
  if (!wait(lock, until, [&] { return answered->has_value(); })) {
    return fail(saves ? errc::unknown_outcome : errc::timed_out,
                fmt::format("{}: the node has not answered about its state", named()));
  }
  return std::move(**answered);
}

} // namespace djm
