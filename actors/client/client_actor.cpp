#include "djm/client_actor.hpp"

#include <caf/all.hpp>

#include <memory>
#include <utility>

namespace djm {

namespace {

struct client_state {
  static inline const char* name = "djm.client";
  std::optional<client> calls;
};

using client_ptr = cx::self_ptr<client_actor, client_state>;

/// Each mark that is given, until one fails.
expected<order_result> mark(client& c, const mark_worker& m) {
  if (!m.draining && !m.cordoned) {
    return fail(errc::invalid_config, "mark_worker: neither draining nor cordoned is given");
  }
  order_result all;
  const auto take = [&](expected<order_result> one) {
    if (one) {
      all.changed = all.changed || one->changed;
      all.changes.insert(all.changes.end(), one->changes.begin(), one->changes.end());
      all.zxid = one->zxid != 0 ? one->zxid : all.zxid;
    }
    return one;
  };
  if (m.draining) {
    if (auto one = take(*m.draining ? c.drain(m.worker) : c.undrain(m.worker)); !one) {
      return one;
    }
  }
  if (m.cordoned) {
    if (auto one = take(*m.cordoned ? c.cordon(m.worker) : c.uncordon(m.worker)); !one) {
      return one;
    }
  }
  return all;
}

client_actor::behavior_type client_behavior(client_ptr self, const std::shared_ptr<client>& opened) {
  self->state().calls.emplace(std::move(*opened));
  auto& c = *self->state().calls;
  return cx::make_behavior<client_actor>(
    self, [&c](get_cluster) { return to_caf(c.get_cluster()); },
    [&c](const item_query& m) { return to_caf(c.get_items(m)); },
    [&c](const get_record& m) { return to_caf(c.get_record(m.job)); },
    [&c](get_locks) -> caf::result<lock_list> {
      auto locks = c.get_locks();
      return locks ? to_caf(expected<lock_list>{lock_list{*std::move(locks)}}) : to_caf(locks.error());
    },
    [&c](const explain_item& m) { return to_caf(c.explain_item(m.job, m.item)); },
    [&c](const what_if_question& m) { return to_caf(c.what_if(m)); },
    [&c](const ask_stoppable& m) { return to_caf(c.stoppable(m.nodes)); },
    [&c](const mark_worker& m) { return to_caf(mark(c, m)); },
    [&c](const switch_job& m) { return to_caf(m.enabled ? c.enable_job(m.job) : c.disable_job(m.job)); },
    [&c](const switch_all& m) { return to_caf(m.enabled ? c.enable_all() : c.disable_all()); },
    [&c](update_job& m) {
      return to_caf(m.replace ? c.replace_overrides(m.job, std::move(m.overrides), m.expected_rev)
                              : c.update_job(m.job, std::move(m.overrides), m.expected_rev));
    },
    [&c](configure_job& m) { return to_caf(c.configure_job(m.job, std::move(m.config), m.expected_rev)); },
    [&c](const pause_job& m) { return to_caf(c.pause_job(m.job)); },
    [&c](const resume_job& m) { return to_caf(c.resume_job(m.job)); },
    [&c](const remove_job& m) { return to_caf(c.remove_job(m.job)); },
    [&c](trigger_everywhere& m) { return to_caf(c.trigger_job(m.job, std::move(m.request))); },
    [&c](const wait_for_job& m) { return to_caf(m.timeout ? c.wait_job(m.job, *m.timeout) : c.wait_job(m.job)); });
}

} // namespace

expected<client_actor> spawn_client(caf::actor_system& system, client_options options) {
  if (!init_caf_types()) {
    return fail(errc::invalid_state, "CAF takes no new types any more: call djm::init_caf_types before the first "
                                     "actor system of the program");
  }
  auto opened = client::open(std::move(options));
  if (!opened) {
    return tl::make_unexpected(opened.error());
  }
  return system.spawn<caf::detached>(client_behavior, std::make_shared<client>(*std::move(opened)));
}

} // namespace djm
