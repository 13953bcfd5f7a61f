#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "djm/client_answers.hpp"
#include "djm/history.hpp"
#include "djm/item_answer.hpp"
#include "djm/metrics.hpp"
#include "djm/status.hpp"
#include "http/event_ring.hpp"
#include "http/gate.hpp"
#include "http/message.hpp"
#include "http/routes.hpp"
#include "http/run_page.hpp"

namespace djm::http {

/// What a request asks for once it is let through, with its parameters read and checked.
struct call {
  const route* to = nullptr;
  job_id job;
  item_id item;
  node_id worker;
  std::string file; ///< of the console
  bool wants_html = false;
  bool wants_stream = false;
  std::size_t limit = 100;
  std::string after; ///< the last row of the page before
  std::string q, state, node, of_job, of_item, outcome, type;
  std::string since;   ///< the id of an event
  std::string known;   ///< `If-None-Match`
  std::string only_if; ///< `If-Match`
  std::string body;
  bool json = false; ///< the body says that it is
  duration timeout = std::chrono::seconds{10};
  std::string who; ///< for those who read about writes
};

/// What a call is answered from. A part that was asked for and is not there has failed, as `failed` says.
struct material {
  std::shared_ptr<const node_status> status;
  std::shared_ptr<const cluster_view> cluster;
  std::optional<error> failed;
  http_status counters;
};

/// Which parts of it are asked for, and whether an answer of the last second will not do.
struct needs {
  bool status = false;
  bool cluster = false;
  bool fresh = false;
};
needs needs_of(const call& c);

/// What the node is asked for beside its status and the tree.
struct order {
  operation what = operation::explain;
  job_id job;
  item_id item;
  node_id worker;
  std::optional<bool> draining, cordoned;
  bool enabled = true;
  what_if_question question; ///< for the client, as are the nodes
  std::vector<node_id> nodes;
  get_history history;
  run_page runs; ///< what the status says of it: the history is still to come
  // of the job's record
  user_config config; ///< or the overrides
  bool replace = false;
  std::optional<bool> paused;
  std::optional<std::int64_t> rev; ///< only if it is at that still
  bool everywhere = false;
  std::string request;
  // to the code of a job
  bytes asked; ///< or what is to be saved of an item
  duration timeout = duration::zero();
};

/// What came of it.
struct order_answer {
  std::optional<error> failed;
  std::uint64_t runs = 0;
  std::int64_t rev = 0; ///< of the job's record; 0: it was not about one
  std::string json;     ///< the answer itself, where the node or the client has given one
  std::string tag;      ///< its ETag, where that is none of a record or of the content
  std::optional<item_answer> said;
  /// Of a question that was asked at the wrong place: the tree, as far as it could be read.
  std::shared_ptr<const cluster_view> cluster;
};

/// A file of the console.
struct asset {
  std::string name; ///< "" is the page itself
  std::string type;
  std::string_view content;
};

struct core_settings {
  node_id node;
  gate_settings gate;
  std::string config_json; ///< empty: not shown
  bool has_client = false; ///< that can say what would be
  std::vector<asset> assets;
};

/// A parsed request becomes an answer. No clock, no socket, no actor: who has the sockets asks for what is missing.
///
///     arrive -> answer, or a call -> (material) -> conclude -> answer, or an order -> (its result) -> concluded
class http_core {
public:
  explicit http_core(core_settings settings) : settings_(std::move(settings)) {}

  std::variant<answer, call> arrive(const request& r) const;
  std::variant<answer, order> conclude(const call& c, const material& from, const event_ring& events) const;
  answer concluded(const call& c, const order_answer& result) const;

  /// Adds what every answer has: rules for browsers, and the name of its content. `c` is null for what was not let
  /// through.
  answer leave(const call* c, answer a) const;

  const core_settings& settings() const { return settings_; }

private:
  answer problem(int status, std::string_view code, std::string_view detail) const;
  std::optional<answer> read_query(const uri& target, call& c) const;
  std::optional<answer> read_names(const std::vector<std::string>& names, call& c) const;
  std::variant<answer, order> order_of(const call& c, const material& from) const;
  std::variant<answer, order> state_order_of(const call& c, order o) const;
  std::variant<answer, order> record_order_of(const call& c, order o) const;
  std::variant<answer, order> ask_for_runs(const call& c, const material& from) const;
  answer answered(const call& c, const order_answer& result) const;
  answer elsewhere(const call& c, const order_answer& result) const;
  answer list_events(const call& c, const event_ring& events) const;
  answer health(const call& c, const material& from) const;
  answer show(const call& c, const material& from) const;

  core_settings settings_;
};

/// The name of a content, as ETag: it depends on the content alone, and on all of it.
std::string tag_of(std::string_view content);
/// The ETag of a job's record at this `rev`.
std::string tag_of_rev(std::int64_t rev);

} // namespace djm::http
