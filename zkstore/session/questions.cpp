#include <algorithm>

#include <fmt/format.h>

#include "model/text.hpp"
#include "zkstore/session_core.hpp"
#include "zkstore/tree_schema.hpp"

/// Questions on their way to the server: rules, waiting line, window, deadlines.
namespace djm::store {

namespace {

std::size_t wire_size_of_read(const read_op& op) {
  return wire_size(write_op{check_op{op.path, any_version}});
}

const std::string& largest_path(const transaction& txn) {
  return path_of(*std::max_element(txn.ops.begin(), txn.ops.end(),
                                   [](const auto& a, const auto& b) { return wire_size(a) < wire_size(b); }));
}

std::string bad_path(const std::string& path) {
  return fmt::format(
    "store path {} is not absolute or has an empty, \".\" or \"..\" part or a character that ZooKeeper "
    "does not take",
    impl::quote(path, 200));
}

} // namespace

// -- questions ----------------------------------------------------------------

session_core::effects session_core::commit(ticket from, std::uint64_t session, transaction txn, time_point now) {
  const auto bytes = wire_size(txn);
  for (const auto& op : txn.ops) {
    if (!is_valid_path(path_of(op))) {
      return refuse(from, {errc::invalid_id, bad_path(path_of(op))});
    }
  }
  for (const auto& op : txn.ops) {
    if (std::holds_alternative<secure_op>(op) && txn.ops.size() > 1) {
      return refuse(from, {errc::internal,
                           fmt::format("access to {} can only be changed in a transaction of its own", path_of(op))});
    }
  }
  if (bytes > limits_.max_request_bytes) {
    return refuse(from,
                  {errc::too_large, fmt::format("transaction of {} bytes exceeds the limit of {} bytes for one request",
                                                bytes, limits_.max_request_bytes)},
                  true);
  }
  if (const auto* large = sizes_.refuses(bytes, now)) {
    return refuse(from, {errc::too_large, too_large_for_server(*large)}, true);
  }
  if (!reachable()) {
    return refuse(from, {errc::not_connected, fmt::format("no store session ({})", to_string(view_.phase))});
  }
  // While a handle connects for the first time, the number is still that of the session before.
  if (view_.phase == session_phase::connecting || session != view_.number) {
    ++counters_.unknowns;
    effects result;
    result.emplace_back(commit_done{from, session_lost{}});
    return result;
  }
  if (queued_ops_ + 1 > limits_.max_queued_ops) {
    return refuse(from, {errc::too_large, fmt::format("{} store operations are waiting already", queued_ops_)});
  }
  const auto number = ++last_question_;
  questions_.emplace(number, question{from, pending_commit{std::move(txn), bytes, false}});
  queue_.push_back({number, now});
  ++queued_ops_;
  return flush(now);
}

session_core::effects session_core::read(ticket from, std::vector<read_op> reads, bool fresh, time_point now) {
  for (const auto& op : reads) {
    if (!is_valid_path(op.path)) {
      return refuse(from, read_status::rejected, bad_path(op.path));
    }
  }
  for (const auto& op : reads) {
    if (wire_size_of_read(op) > limits_.max_request_bytes) {
      return refuse(from, read_status::rejected,
                    fmt::format("store path of {} bytes exceeds the limit of {} bytes for "
                                "one request",
                                op.path.size(), limits_.max_request_bytes));
    }
  }
  if (!reachable()) {
    return refuse(from, read_status::failed, fmt::format("no store session ({})", to_string(view_.phase)));
  }
  if (reads.empty() && !fresh) {
    return refuse(from, read_status::ok, {});
  }
  question q;
  q.to = from;
  pending_batch batch;
  batch.results.resize(reads.size());
  batch.reads = std::move(reads);
  batch.fresh = fresh;
  q.body = std::move(batch);
  const auto size = unsent_ops(q);
  if (size > limits_.max_queued_ops) { // will never fit: trying again does not help
    return refuse(from, read_status::rejected,
                  fmt::format("{} store operations in one batch exceed the limit of {}", size, limits_.max_queued_ops));
  }
  if (queued_ops_ + size > limits_.max_queued_ops) {
    return refuse(from, read_status::failed, fmt::format("{} store operations are waiting already", queued_ops_));
  }
  const auto number = ++last_question_;
  questions_.emplace(number, std::move(q));
  queue_.push_back({number, now});
  queued_ops_ += size;
  return flush(now);
}

session_core::effects session_core::forget(std::uint32_t client, time_point now) {
  watches_.forget(client);
  for (auto i = questions_.begin(); i != questions_.end();) {
    auto next = std::next(i);
    if (i->second.to.client == client) {
      erase(i);
    }
    i = next;
  }
  return flush(now);
}

session_core::effects session_core::refuse(ticket from, error why, bool by_size) {
  ++counters_.rejections;
  effects result;
  result.emplace_back(commit_done{from, rejected{std::move(why), by_size}});
  return result;
}

session_core::effects session_core::refuse(ticket from, read_status status, std::string text) {
  effects result;
  result.emplace_back(read_done{from, read_outcome{status, {}, std::move(text)}});
  return result;
}

// -- waiting line and window --------------------------------------------------

void session_core::pump(time_point now) {
  // Strictly first in, first out: a later question never overtakes one that waits for the window.
  while (view_.phase == session_phase::connected && !queue_.empty()) {
    const auto number = queue_.front().question;
    auto i = questions_.find(number);
    if (i != questions_.end()) {
      auto* commit = std::get_if<pending_commit>(&i->second.body);
      const bool all_sent =
        commit ? send_commit(number, *commit, now) : send_batch(number, std::get<pending_batch>(i->second.body), now);
      if (!all_sent) {
        return;
      }
    }
    queue_.pop_front();
  }
}

bool session_core::send_commit(std::uint64_t number, pending_commit& commit, time_point now) {
  if (!ops_.has_room(commit.bytes)) {
    return false;
  }
  op_table::entry op;
  op.what = op_table::purpose::commit;
  op.question = number;
  op.bytes = commit.bytes;
  op.sent = now;
  if (commit.bytes >= size_suspect::never_below) {
    op.largest = largest_path(commit.txn);
  }
  const auto id = ops_.add(std::move(op), now + limits_.operation_deadline);
  commit.sent = true;
  --queued_ops_;
  counters_.max_transaction_bytes = std::max(counters_.max_transaction_bytes, commit.bytes);
  out_.emplace_back(submit{handle_, id, std::move(commit.txn)});
  return true;
}

bool session_core::send_batch(std::uint64_t number, pending_batch& batch, time_point now) {
  op_table::entry op;
  op.question = number;
  op.sent = now;
  if (batch.fresh && !batch.barrier_sent) {
    auto txn = check_of(limits_.barrier_path);
    op.what = op_table::purpose::barrier;
    op.bytes = wire_size(txn);
    if (!ops_.has_room(op.bytes)) {
      return false;
    }
    const auto id = ops_.add(std::move(op), now + limits_.operation_deadline);
    batch.barrier_sent = true;
    --queued_ops_;
    ++counters_.barriers;
    out_.emplace_back(submit{handle_, id, std::move(txn)});
    return true; // The reads join the line again when the barrier is answered.
  }
  op.what = op_table::purpose::read;
  while (batch.sent < batch.reads.size()) {
    auto request = batch.reads[batch.sent];
    op.bytes = wire_size_of_read(request);
    if (!ops_.has_room(op.bytes)) {
      return false;
    }
    op.index = batch.sent;
    op.kind = request.kind;
    op.watched_path.reset();
    if (request.watch) {
      if (watches_.reserve(request.path, slot_of(request.kind))) {
        op.watched_path = request.path;
      } else {
        request.watch = false;
        ++counters_.watches_refused;
      }
    }
    const auto id = ops_.add(op, now + limits_.operation_deadline);
    ++batch.sent;
    --queued_ops_;
    ++counters_.reads;
    out_.emplace_back(submit{handle_, id, std::move(request)});
  }
  return true;
}

void session_core::give_up_overdue(time_point now) {
  while (auto op = ops_.take_overdue(now)) {
    ++counters_.overdue;
    if (op->what == op_table::purpose::commit) {
      answer_commit(op->question, unknown{});
    } else {
      answer_batch(op->question, read_status::failed,
                   fmt::format("no answer within {}", format_duration(limits_.operation_deadline)));
    }
  }
  for (auto at = queue_deadline(); at && *at <= now; at = queue_deadline()) {
    const auto number = queue_.front().question;
    queue_.pop_front();
    const bool connected = view_.phase == session_phase::connected;
    auto text =
      fmt::format("not sent within {} ({})", format_duration(limits_.operation_deadline), to_string(view_.phase));
    if (std::holds_alternative<pending_commit>(questions_.at(number).body)) {
      answer_commit(number, rejected{{connected ? errc::timed_out : errc::not_connected, std::move(text)}});
    } else {
      answer_batch(number, read_status::failed, std::move(text));
    }
  }
}

std::optional<time_point> session_core::queue_deadline() {
  while (!queue_.empty() && questions_.count(queue_.front().question) == 0) {
    queue_.pop_front();
  }
  if (queue_.empty()) {
    return std::nullopt;
  }
  return std::max(queue_.front().since, progress_) + limits_.operation_deadline;
}

} // namespace djm::store
