#include "djm/client.hpp"

#include <unistd.h>

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "actors/client/client_impl.hpp"
#include "actors/client/item_search.hpp"
#include "actors/client/what_if.hpp"
#include "actors/env/boot_time.hpp"
#include "actors/sessions/shared_sessions.hpp"
#include "model/connect_string.hpp"

namespace djm {

namespace {

store::session_options session_options_of(const client_options& o) {
  store::session_options s;
  s.servers = o.store.connect;
  s.session_timeout = o.store.session_timeout;
  s.digest = o.store.digest;
  s.log = o.log;
  return s;
}

store::session_limits limits_of(const client_options& o) {
  store::session_limits l;
  l.operation_deadline = o.store.operation_deadline;
  return l;
}

/// Unlike the mark of any node: those begin with an incarnation.
std::string mark_of_client() {
  std::random_device draw;
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return fmt::format("client-{}-{}-{:08x}", host, getpid(), draw());
}

expected<void> check_timeout(duration d) {
  if (d < std::chrono::milliseconds{1} || d > std::chrono::hours{1}) {
    return fail(errc::invalid_config, "timeout " + format_duration(d) + " must be from 1ms to 1h");
  }
  return {};
}

/// The rules of a node's configuration, for the part of it that a client has.
expected<void> check_store(const store_config& store) {
  node_config config;
  config.id = "client";
  config.store = store;
  for (auto& e : check(config)) {
    // A client holds no lease, so what has to fit one does not matter.
    if (e.text.find("store.") != std::string::npos && e.text.find("stop_grace") == std::string::npos) {
      return tl::make_unexpected(std::move(e));
    }
  }
  return {};
}

} // namespace

client::impl::impl(client_options o, std::shared_ptr<store::session_factory> sessions)
  : options(std::move(o)),
    tree(options.store.root),
    who(mark_of_client()),
    strategies(options.strategies ? options.strategies : std::make_shared<const strategy_registry>()),
    line(std::move(sessions), session_options_of(options), limits_of(options)) {}

client_call::client_call(client::impl& x, const optional_duration& timeout)
  : until_(saturating_add(boot_now(), timeout.value_or(x.options.timeout))), lock_(x.turn, std::defer_lock) {
  const auto patience = std::min<duration>(timeout.value_or(x.options.timeout), std::chrono::hours{24});
  (void) lock_.try_lock_for(patience);
}

expected<client> client::open(client_options options) {
  auto place = djm::impl::place_of_store(options.store.connect);
  if (!place) {
    return tl::make_unexpected(place.error());
  }
  options.store.connect = place->servers;
  options.store.root = djm::impl::join_paths(place->chroot, options.store.root);
  if (auto ok = check_store(options.store); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (auto ok = check_timeout(options.timeout); !ok) {
    return tl::make_unexpected(ok.error());
  }
  auto sessions = shared_sessions(options.store.connect);
  if (!sessions) {
    return tl::make_unexpected(sessions.error());
  }
  return client{std::make_unique<impl>(std::move(options), *std::move(sessions))};
}

client::client(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

namespace {

/// Calls `f(until)` when it is this call's turn.
template <class Impl, class F>
auto in_turn(Impl& x, const optional_duration& timeout, F f) -> decltype(f(time_point{})) {
  const client_call call{x, timeout};
  if (!call) {
    return tl::make_unexpected(call.busy());
  }
  return f(call.until());
}

} // namespace

expected<order_result> client::impl::order_in_turn(order_core::order what, order_mode mode,
                                                   const optional_duration& timeout) {
  return in_turn(*this, timeout, [&](time_point until) { return order(std::move(what), mode, until); });
}

// -- what the tree shows ----------------------------------------------------------

expected<cluster_view> client::get_cluster(optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->view(until); });
}

expected<job_view> client::get_job(const job_id& job, optional_duration timeout) {
  auto view = get_cluster(timeout);
  if (!view) {
    return tl::make_unexpected(view.error());
  }
  const auto found = std::find_if(view->jobs.begin(), view->jobs.end(), [&](const job_view& j) { return j.id == job; });
  if (found == view->jobs.end()) {
    return fail(errc::unknown_job, "there is no job \"" + job + "\" in the cluster");
  }
  return std::move(*found);
}

expected<item_page> client::get_items(const item_query& query, optional_duration timeout) {
  const auto view = get_cluster(timeout);
  if (!view) {
    return tl::make_unexpected(view.error());
  }
  return find_items(*view, query);
}

expected<std::vector<lock_view>> client::get_locks(optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->locks(until); });
}

expected<std::vector<refusal_view>> client::get_refusals(optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->refusals(until); });
}

expected<std::vector<tree_node>> client::get_tree(optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) -> expected<std::vector<tree_node>> {
    const auto records = impl_->walk(until);
    if (!records) {
      return tl::make_unexpected(records.error());
    }
    return nodes_of(*records);
  });
}

expected<record_view> client::get_record(const job_id& job, optional_duration timeout) {
  if (auto ok = check_id(job); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->record(job, until); });
}

// -- what would be ----------------------------------------------------------------

expected<item_explanation> client::explain_item(const job_id& job, const item_id& item, optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->explain(job, item, until); });
}

expected<what_if_answer> client::what_if(const what_if_question& question, optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) -> expected<what_if_answer> {
    const auto image = impl_->image(until);
    if (!image) {
      return tl::make_unexpected(image.error());
    }
    return what_would_be(*image, question, *impl_->strategies);
  });
}

expected<stoppable_answer> client::stoppable(const std::vector<node_id>& nodes, optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) -> expected<stoppable_answer> {
    const auto image = impl_->image(until);
    if (!image) {
      return tl::make_unexpected(image.error());
    }
    return which_may_stop(*image, nodes, *impl_->strategies);
  });
}

// -- waiting ----------------------------------------------------------------------

expected<cluster_view> client::wait_for(const std::function<bool(const cluster_view&)>& condition,
                                        optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->wait_for(condition, until); });
}

expected<job_view> client::wait_job(const job_id& job, optional_duration timeout) {
  if (auto ok = check_id(job); !ok) {
    return tl::make_unexpected(ok.error());
  }
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->wait_job(job, until); });
}

expected<std::vector<tree_event>> client::next_events(optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->next_events(until); });
}

// -- a tree that is not as it should be -------------------------------------------

expected<std::vector<tree_finding>> client::examine(optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->examine(until); });
}

expected<order_result> client::repair(const std::string& id, order_mode mode, optional_duration timeout) {
  return in_turn(*impl_, timeout, [&](time_point until) { return impl_->repair(id, mode, until); });
}

} // namespace djm
