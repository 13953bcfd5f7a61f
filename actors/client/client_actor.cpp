#include "djm/client_actor.hpp"

#include <caf/all.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace djm {

namespace {

struct client_state {
  static inline const char* name = "djm.client";
  std::optional<client> calls;
};

/// A list as a message: CAF takes no answer that is a bare vector of types without a number.
template <class List, class T>
caf::result<List> as_list(expected<std::vector<T>> x) {
  return x ? to_caf(expected<List>{List{*std::move(x)}}) : to_caf(x.error());
}

using client_ptr = cx::self_ptr<client_actor, client_state>;

client_actor::behavior_type client_behavior(client_ptr self, const std::shared_ptr<client>& opened) {
  self->state().calls.emplace(std::move(*opened));
  auto& c = *self->state().calls;
  return cx::make_behavior<client_actor>(
    self, [&c](get_cluster) { return to_caf(c.get_cluster()); },
    [&c](const get_job& m) { return to_caf(c.get_job(m.job)); },
    [&c](const item_query& m) { return to_caf(c.get_items(m)); },
    [&c](const get_record& m) { return to_caf(c.get_record(m.job)); },
    [&c](get_locks) { return as_list<lock_list>(c.get_locks()); },
    [&c](const explain_item& m) { return to_caf(c.explain_item(m.job, m.item)); },
    [&c](const what_if_question& m) { return to_caf(c.what_if(m)); },
    [&c](const ask_stoppable& m) { return to_caf(c.stoppable(m.nodes)); },
    [&c](const mark_worker& m) { return to_caf(c.mark(m.worker, m.draining, m.cordoned)); },
    [&c](const switch_job& m) { return to_caf(m.enabled ? c.enable_job(m.job) : c.disable_job(m.job)); },
    [&c](const switch_all& m) { return to_caf(m.enabled ? c.enable_all() : c.disable_all()); },
    [&c](update_job& m) {
      return to_caf(m.replace ? c.replace_overrides(m.job, std::move(m.overrides), m.expected_rev)
                              : c.update_job(m.job, std::move(m.overrides), m.expected_rev));
    },
    [&c](configure_job& m) { return to_caf(c.configure_job(m.job, std::move(m.config), m.expected_rev)); },
    [&c](const pause_job& m) { return to_caf(c.pause_job(m.job)); },
    [&c](const prepare_again& m) { return to_caf(c.prepare_again(m.job)); },
    [&c](const resume_job& m) { return to_caf(c.resume_job(m.job)); },
    [&c](const remove_job& m) { return to_caf(c.remove_job(m.job)); },
    [&c](trigger_job& m) { return to_caf(c.trigger_job(m.job, std::move(m.request))); },
    [&c](const get_item_state& m) { return to_caf(c.get_item_state(m.job, m.item)); },
    [&c](set_item_state& m) { return to_caf(c.set_item_state(m.job, m.item, std::move(m.state), m.expected_version)); },
    [&c](const wait_for_job& m) { return to_caf(m.timeout ? c.wait_job(m.job, *m.timeout) : c.wait_job(m.job)); },
    [&c](const next_tree_events& m) {
      return as_list<tree_event_list>(m.timeout ? c.next_events(*m.timeout) : c.next_events());
    },
    [&c](get_findings) { return as_list<finding_list>(c.examine()); },
    [&c](const repair_finding& m) { return to_caf(c.repair(m.id, m.mode)); });
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
