#include <algorithm>

#include <fmt/format.h>

#include "zkstore/session_core.hpp"

/// Completions on their way back: what they mean, and the answers to questions.
namespace djm::store {

namespace {

// Any answer of this kind went through the ensemble's quorum, so the server that gave it has applied all before it.
bool is_definite(rc code) {
  const auto c = classify(code);
  return c == rc_class::ok || c == rc_class::expected || code == rc::no_auth;
}

// `get` and `children` leave no watch on an absent node; `exists` does: it waits for the creation.
bool leaves_watch(read_kind kind, rc code) {
  return code == rc::ok || (kind == read_kind::exists && code == rc::no_node);
}

} // namespace

// -- completions --------------------------------------------------------------

void session_core::on_completion(raw_completion&& done, time_point now) {
  auto op = ops_.complete(done.id);
  if (!op) {
    return;
  }
  if (view_.phase == session_phase::connected) {
    progress_ = now;
  }
  if (op->what != op_table::purpose::read && done.code == rc::ok) {
    ++seen_; // its number is not told, but it comes after all that was seen before
  }
  note_seen(done);
  switch (op->what) {
  case op_table::purpose::probe: return on_probe(done.id, done.code);
  case op_table::purpose::read: counters_.read_time.add(now - op->sent); return on_read(*op, std::move(done));
  case op_table::purpose::barrier:
    if (!op->abandoned) {
      on_barrier(*op, done.code, now);
    }
    return;
  case op_table::purpose::commit:
    counters_.commit_time.add(now - op->sent);
    learn_size(*op, done.code);
    if (!op->abandoned) {
      answer_commit(op->question, outcome_of(std::move(done)));
    }
    return;
  }
}

void session_core::note_seen(const raw_completion& done) {
  const auto note = [this](const stat& s) { seen_ = std::max({seen_, s.czxid, s.mzxid, s.pzxid}); };
  note(done.read.stat);
  for (const auto& r : done.results) {
    note(r.stat);
  }
}

void session_core::learn_size(const op_table::entry& op, rc code) {
  if (op.bytes < size_suspect::never_below) {
    return;
  }
  if (code == rc::connection_loss) {
    sizes_.lost(op.largest, op.bytes);
  } else if (is_definite(code) && sizes_.answered(op.bytes)) {
    out_.emplace_back(report_over{subject::size});
  }
}

void session_core::on_barrier(const op_table::entry& op, rc code, time_point now) {
  auto i = questions_.find(op.question);
  if (i == questions_.end()) {
    return;
  }
  if (!is_definite(code)) {
    return answer_batch(op.question,
                        classify(code) == rc_class::session_fatal ? read_status::session_lost : read_status::failed,
                        fmt::format("barrier: {}", to_string(code)));
  }
  auto& batch = std::get<pending_batch>(i->second.body);
  if (batch.reads.empty()) {
    return answer_batch(op.question, read_status::ok, {});
  }
  queue_.push_back({op.question, now});
}

void session_core::on_read(const op_table::entry& op, raw_completion&& done) {
  const bool left = op.watched_path && leaves_watch(op.kind, done.code);
  if (op.watched_path) {
    watches_.settle(*op.watched_path, slot_of(op.kind), left);
  }
  auto i = questions_.find(op.question);
  if (op.abandoned || i == questions_.end()) {
    return;
  }
  if (!is_definite(done.code)) {
    const auto status = classify(done.code) == rc_class::session_fatal ? read_status::session_lost
                        : done.code == rc::bad_arguments               ? read_status::rejected
                                                                       : read_status::failed;
    return answer_batch(op.question, status, to_string(done.code));
  }
  auto& batch = std::get<pending_batch>(i->second.body);
  if (left) {
    watches_.subscribe(*op.watched_path, slot_of(op.kind), i->second.to.client);
    batch.watched.insert(*op.watched_path);
  }
  done.read.code = done.code;
  done.read.watched = left;
  batch.results[op.index] = std::move(done.read);
  if (++batch.answered == batch.reads.size()) {
    answer_batch(op.question, read_status::ok, {});
  }
}

void session_core::on_watch(const watch_event& event) {
  ++counters_.watch_events;
  auto clients = watches_.fire(event);
  const auto holds_back = [&](std::uint32_t client) {
    for (auto& [_, q] : questions_) {
      auto* batch = std::get_if<pending_batch>(&q.body);
      if (batch && q.to.client == client && batch->watched.count(event.path) > 0) {
        batch->held_back.push_back(event);
        return true;
      }
    }
    return false;
  };
  clients.erase(std::remove_if(clients.begin(), clients.end(), holds_back), clients.end());
  if (!clients.empty()) {
    out_.emplace_back(watch_fired{std::move(clients), event});
  }
}

commit_outcome session_core::outcome_of(raw_completion&& done) const {
  switch (classify(done.code)) {
  case rc_class::ok: {
    committed result;
    for (const auto& r : done.results) {
      result.zxid = std::max(result.zxid, r.stat.mzxid);
    }
    result.results = std::move(done.results);
    return result;
  }
  case rc_class::expected:
    for (std::size_t i = 0; i < done.results.size(); ++i) {
      if (done.results[i].code != rc::ok) {
        return conflict{i, done.results[i].code};
      }
    }
    return conflict{0, done.code};
  case rc_class::unknown: return unknown{};
  case rc_class::session_fatal: return session_lost{};
  case rc_class::bug: break;
  }
  std::size_t index = 0;
  while (index < done.results.size() && done.results[index].code == rc::ok) {
    ++index;
  }
  const bool permission = done.code == rc::no_auth || done.code == rc::invalid_acl;
  return rejected{{permission                        ? errc::no_permission
                   : done.code == rc::quota_exceeded ? errc::too_large
                                                     : errc::internal,
                   fmt::format("the store answered {} to operation {} of the transaction", to_string(done.code),
                               index < done.results.size() ? index : 0)}};
}

// -- answers ------------------------------------------------------------------

void session_core::answer_commit(std::uint64_t number, commit_outcome outcome) {
  auto i = questions_.find(number);
  if (i == questions_.end()) {
    return;
  }
  if (std::holds_alternative<committed>(outcome)) {
    ++counters_.commits;
  } else if (std::holds_alternative<conflict>(outcome)) {
    ++counters_.conflicts;
  } else if (std::holds_alternative<rejected>(outcome)) {
    ++counters_.rejections;
  } else {
    ++counters_.unknowns;
  }
  out_.emplace_back(commit_done{i->second.to, std::move(outcome)});
  erase(i);
}

void session_core::answer_batch(std::uint64_t number, read_status status, std::string text) {
  auto i = questions_.find(number);
  if (i == questions_.end()) {
    return;
  }
  const auto to = i->second.to;
  auto& batch = std::get<pending_batch>(i->second.body);
  read_outcome outcome{status, {}, std::move(text)};
  if (status == read_status::ok) {
    outcome.results = std::move(batch.results);
  }
  auto held_back = std::move(batch.held_back);
  erase(i);
  out_.emplace_back(read_done{to, std::move(outcome)});
  if (status != read_status::session_lost) {
    for (auto& event : held_back) {
      out_.emplace_back(watch_fired{{to.client}, std::move(event)});
    }
  }
}

void session_core::answer_all(const verdict& v) {
  for (auto i = questions_.begin(); i != questions_.end();) {
    const auto& [number, q] = *i++; // before the answer erases it
    if (auto* commit = std::get_if<pending_commit>(&q.body)) {
      answer_commit(number, commit->sent ? v.sent_commit : v.unsent_commit);
    } else {
      answer_batch(number, v.batch, v.text);
    }
  }
  queue_.clear();
}

std::size_t session_core::unsent_ops(const question& q) {
  if (auto* commit = std::get_if<pending_commit>(&q.body)) {
    return commit->sent ? 0 : 1;
  }
  const auto& batch = std::get<pending_batch>(q.body);
  return batch.reads.size() - batch.sent + (batch.fresh && !batch.barrier_sent ? 1 : 0);
}

void session_core::erase(questions::iterator i) {
  queued_ops_ -= unsent_ops(i->second);
  questions_.erase(i);
}

} // namespace djm::store
