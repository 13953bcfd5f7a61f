#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <caf/all.hpp>

#include "djm/node_actor.hpp"
#include "djm/test/cluster.hpp"

/// For programs that talk to nodes as actors: any message of `djm/messages.hpp`, on virtual time.
namespace djm::test {

/// The actors behind a cluster. Messages are handled only while the cluster's time passes; actors that a test spawns
/// here take part in that.
class actor_access {
public:
  /// `failure` when called within user code.
  explicit actor_access(cluster& c);
  /// The actor system of the cluster.
  caf::actor_system& system();
  /// `shutting_down` when the node is not up, `invalid_state` while it is paused; `failure` for an unknown id.
  expected<node_actor> node(const node_id& id);

private:
  cluster& cluster_;
};

/// What a node answers a message with.
template <class Message>
struct answer_of {
  /// The type of the answer.
  using type = void;
};
/// The whole node.
template <>
struct answer_of<get_status> {
  /// The type of the answer.
  using type = node_status;
};
/// The whole cluster.
template <>
struct answer_of<get_cluster> {
  /// The type of the answer.
  using type = cluster_view;
};
/// The number of runs that follow.
template <>
struct answer_of<trigger_here> {
  /// The type of the answer.
  using type = std::uint64_t;
};
/// What the code of the job says.
template <>
struct answer_of<ask_item> {
  /// The type of the answer.
  using type = item_answer;
};
/// The runs that the node remembers.
template <>
struct answer_of<get_history> {
  /// The type of the answer.
  using type = run_history;
};
/// What is saved of the item.
template <>
struct answer_of<get_item_state> {
  /// The type of the answer.
  using type = item_state;
};
/// What is saved of the item then.
template <>
struct answer_of<set_item_state> {
  /// The type of the answer.
  using type = item_state;
};
/// The `rev` of the job's record.
template <>
struct answer_of<update_job> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// The `rev` of the job's record.
template <>
struct answer_of<configure_job> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// The `rev` of the job's record.
template <>
struct answer_of<pause_job> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// The `rev` of the job's record.
template <>
struct answer_of<resume_job> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// The `rev` of the job's record.
template <>
struct answer_of<prepare_again> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// The `rev` of the job's record.
template <>
struct answer_of<remove_job> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// The `rev` of the job's record.
template <>
struct answer_of<trigger_job> {
  /// The type of the answer.
  using type = std::int64_t;
};
/// One job of the node.
template <>
struct answer_of<get_job> {
  /// The type of the answer.
  using type = runner_status;
};
/// The actor that runs the job.
template <>
struct answer_of<get_job_handle> {
  /// The type of the answer.
  using type = caf::actor;
};
/// Why the item is where it is.
template <>
struct answer_of<explain_item> {
  /// The type of the answer.
  using type = item_explanation;
};

/// Sends the message and lets virtual time pass until it is answered: `timed_out` after `limit`.
///
///     auto status = djm::test::ask(cluster, "n0", djm::get_status{});
template <class Message>
expected<typename answer_of<Message>::type> ask(cluster& c, const node_id& node, Message m,
                                                any_duration limit = std::chrono::minutes{1}) {
  using answer = typename answer_of<Message>::type;
  actor_access access{c};
  auto handle = access.node(node);
  if (!handle) {
    return tl::make_unexpected(handle.error());
  }
  auto result = std::make_shared<std::optional<expected<answer>>>();
  const auto asking = [h = std::move(*handle), m = std::move(m), result](cx::event_based_actor* self) {
    auto request = self->mail(m).request(h, caf::infinite);
    const auto refused = [result](const caf::error& e) { *result = tl::make_unexpected(from_caf(e)); };
    if constexpr (std::is_void_v<answer>) {
      std::move(request).then([result] { *result = expected<void>{}; }, refused);
    } else {
      std::move(request).then([result](answer& a) { *result = std::move(a); }, refused);
    }
  };
  access.system().spawn(asking);
  if (!c.run_until([&] { return result->has_value(); }, limit)) {
    return fail(errc::timed_out, "node \"" + node + "\" has not answered within " + format_duration(limit));
  }
  return std::move(**result);
}

} // namespace djm::test
