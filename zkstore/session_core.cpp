#include "zkstore/session_core.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "zkstore/tree_schema.hpp"

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

transaction check_of(const std::string& path) {
  transaction txn;
  txn.ops.emplace_back(check_op{path, any_version});
  return txn;
}

std::size_t wire_size_of_read(const read_op& op) {
  return wire_size(write_op{check_op{op.path, any_version}});
}

std::string bad_path(const std::string& path) {
  return fmt::format("store path \"{}\" is not absolute or has an empty, \".\" or \"..\" part or a control character",
                     path.substr(0, 200));
}

} // namespace

std::string to_string(session_phase phase) {
  return enum_text(phase);
}

session_core::session_core(session_limits limits)
    : limits_(std::move(limits)),
      ops_(limits_.window_ops, limits_.window_bytes),
      watches_(limits_.max_watches, limits_.max_watch_bytes) {}

// -- questions ----------------------------------------------------------------

session_core::effects session_core::commit(ticket from, transaction txn, time_point now) {
  const auto bytes = wire_size(txn);
  for (const auto& op : txn.ops)
    if (!is_valid_path(path_of(op)))
      return refuse(from, {errc::invalid_id, bad_path(path_of(op))});
  if (bytes > limits_.max_request_bytes)
    return refuse(from, {errc::too_large, fmt::format("transaction of {} bytes exceeds the limit of {} bytes for one "
                                                      "request",
                                                      bytes, limits_.max_request_bytes)});
  if (!reachable())
    return refuse(from, {errc::not_connected, fmt::format("no store session ({})", to_string(view_.phase))});
  if (queued_ops_ + 1 > limits_.max_queued_ops)
    return refuse(from, {errc::too_large, fmt::format("{} store operations are waiting already", queued_ops_)});
  const auto number = ++last_question_;
  questions_.emplace(number, question{from, pending_commit{std::move(txn), bytes, false}});
  queue_.push_back({number, now});
  ++queued_ops_;
  return flush(now);
}

session_core::effects session_core::read(ticket from, std::vector<read_op> reads, bool fresh, time_point now) {
  for (const auto& op : reads)
    if (!is_valid_path(op.path))
      return refuse(from, read_status::rejected, bad_path(op.path));
  for (const auto& op : reads)
    if (wire_size_of_read(op) > limits_.max_request_bytes)
      return refuse(from, read_status::rejected, fmt::format("store path of {} bytes exceeds the limit of {} bytes for "
                                                             "one request",
                                                             op.path.size(), limits_.max_request_bytes));
  if (!reachable())
    return refuse(from, read_status::failed, fmt::format("no store session ({})", to_string(view_.phase)));
  if (reads.empty() && !fresh)
    return refuse(from, read_status::ok, {});
  question q;
  q.to = from;
  pending_batch batch;
  batch.results.resize(reads.size());
  batch.reads = std::move(reads);
  batch.fresh = fresh;
  q.body = std::move(batch);
  const auto size = unsent_ops(q);
  if (queued_ops_ + size > limits_.max_queued_ops)
    return refuse(from, read_status::failed, fmt::format("{} store operations are waiting already", queued_ops_));
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
    if (i->second.to.client == client)
      erase(i);
    i = next;
  }
  return flush(now);
}

session_core::effects session_core::refuse(ticket from, error why) {
  ++counters_.rejections;
  effects result;
  result.emplace_back(commit_done{from, rejected{std::move(why)}});
  return result;
}

session_core::effects session_core::refuse(ticket from, read_status status, std::string text) {
  effects result;
  result.emplace_back(read_done{from, read_outcome{status, {}, std::move(text)}});
  return result;
}

// -- waiting line and window --------------------------------------------------

bool session_core::reachable() const noexcept {
  return view_.phase == session_phase::connecting || view_.phase == session_phase::connected
         || view_.phase == session_phase::suspended;
}

session_core::effects session_core::flush(time_point now) {
  pump(now);
  send_due_probe(now);
  arm(now);
  counters_.in_flight_ops = ops_.ops();
  counters_.in_flight_bytes = ops_.bytes();
  counters_.queued_ops = queued_ops_;
  counters_.watches = watches_.size();
  counters_.watch_bytes = watches_.bytes();
  counters_.max_in_flight_bytes = std::max(counters_.max_in_flight_bytes, counters_.in_flight_bytes);
  counters_.max_watches = std::max(counters_.max_watches, counters_.watches);
  counters_.max_watch_bytes = std::max(counters_.max_watch_bytes, counters_.watch_bytes);
  effects result;
  result.swap(out_);
  return result;
}

void session_core::pump(time_point now) {
  // Strictly first in, first out: a later question never overtakes one that waits for the window.
  while (view_.phase == session_phase::connected && !queue_.empty()) {
    const auto number = queue_.front().question;
    auto i = questions_.find(number);
    if (i != questions_.end()) {
      auto* commit = std::get_if<pending_commit>(&i->second.body);
      const bool all_sent = commit ? send_commit(number, *commit, now)
                                   : send_batch(number, std::get<pending_batch>(i->second.body), now);
      if (!all_sent)
        return;
    }
    queue_.pop_front();
  }
}

bool session_core::send_commit(std::uint64_t number, pending_commit& commit, time_point now) {
  if (!ops_.has_room(commit.bytes))
    return false;
  op_table::entry op;
  op.what = op_table::purpose::commit;
  op.question = number;
  op.bytes = commit.bytes;
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
  if (batch.fresh && !batch.barrier_sent) {
    auto txn = check_of(limits_.barrier_path);
    op.what = op_table::purpose::barrier;
    op.bytes = wire_size(txn);
    if (!ops_.has_room(op.bytes))
      return false;
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
    if (!ops_.has_room(op.bytes))
      return false;
    op.index = batch.sent;
    op.kind = request.kind;
    op.watched_path.reset();
    if (request.watch) {
      if (watches_.reserve(request.path, slot_of(request.kind)))
        op.watched_path = request.path;
      else
        request.watch = false;
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
    if (op->what == op_table::purpose::commit)
      answer_commit(op->question, unknown{});
    else
      answer_batch(op->question, read_status::failed,
                   fmt::format("no answer within {}", format_duration(limits_.operation_deadline)));
  }
  for (auto at = queue_deadline(); at && *at <= now; at = queue_deadline()) {
    const auto number = queue_.front().question;
    queue_.pop_front();
    const bool connected = view_.phase == session_phase::connected;
    auto text = fmt::format("not sent within {} ({})", format_duration(limits_.operation_deadline),
                            to_string(view_.phase));
    if (std::holds_alternative<pending_commit>(questions_.at(number).body))
      answer_commit(number, rejected{{connected ? errc::timed_out : errc::not_connected, std::move(text)}});
    else
      answer_batch(number, read_status::failed, std::move(text));
  }
}

std::optional<time_point> session_core::queue_deadline() {
  while (!queue_.empty() && questions_.count(queue_.front().question) == 0)
    queue_.pop_front();
  if (queue_.empty())
    return std::nullopt;
  return std::max(queue_.front().since, progress_) + limits_.operation_deadline;
}

void session_core::send_due_probe(time_point now) {
  if (view_.phase != session_phase::connected || !prober_.take_turn(now))
    return;
  const auto id = ops_.add_probe();
  prober_.sent(id, now);
  ++counters_.probes;
  out_.emplace_back(submit{handle_, id, check_of(prober_.path())});
}

void session_core::arm(time_point) {
  auto due = ops_.next_deadline();
  const auto consider = [&due](const std::optional<time_point>& at) {
    if (at && (!due || *at < *due))
      due = at;
  };
  consider(queue_deadline());
  consider(reopen_at_);
  if (view_.phase == session_phase::connected)
    consider(prober_.due());
  // A timer that comes too early costs one call; only one that would come too late is replaced.
  if (!due || (armed_ && *armed_ <= *due))
    return;
  armed_ = due;
  out_.emplace_back(arm_timer{++timer_generation_, *due});
}

session_core::effects session_core::on_timer(std::uint64_t generation, time_point now) {
  if (generation != timer_generation_)
    return {};
  armed_.reset();
  give_up_overdue(now);
  if (reopen_at_ && *reopen_at_ <= now)
    open_handle_now();
  return flush(now);
}

// -- probing ------------------------------------------------------------------

session_core::effects session_core::start_probing(std::uint64_t number, std::string path, time_point now) {
  const bool alive = view_.phase == session_phase::connected || view_.phase == session_phase::suspended;
  if (!alive || number != view_.number)
    return {};
  prober_.start(std::move(path), view_.timeout, now);
  return flush(now);
}

session_core::effects session_core::stop_probing(time_point now) {
  prober_.stop();
  return flush(now);
}

// -- completions --------------------------------------------------------------

session_core::effects session_core::on_raw(std::uint64_t handle, raw_event event, time_point now,
                                           std::uint64_t entropy) {
  if (auto* link = std::get_if<raw_link>(&event);
      link && handle != 0 && handle == closing_handle_ && link->state == link_state::closed) {
    closing_handle_ = 0;
    if (open_when_closed_)
      open_handle_now();
    return flush(now);
  }
  if (handle == 0 || handle != handle_)
    return {};
  if (auto* done = std::get_if<raw_completion>(&event))
    on_completion(std::move(*done), now);
  else if (auto* watch = std::get_if<raw_watch>(&event))
    on_watch(watch->event);
  else
    on_link(std::get<raw_link>(event), now, entropy);
  return flush(now);
}

void session_core::on_completion(raw_completion&& done, time_point now) {
  auto op = ops_.complete(done.id);
  if (!op)
    return;
  if (view_.phase == session_phase::connected)
    progress_ = now;
  switch (op->what) {
    case op_table::purpose::probe:
      return on_probe(done.id, done.code);
    case op_table::purpose::read:
      return on_read(*op, std::move(done));
    case op_table::purpose::barrier:
      if (!op->abandoned)
        on_barrier(*op, done.code, now);
      return;
    case op_table::purpose::commit:
      if (!op->abandoned)
        answer_commit(op->question, outcome_of(std::move(done)));
      return;
  }
}

void session_core::on_probe(op_id_t id, rc code) {
  switch (prober_.answered(id, code)) {
    case prober::verdict::nothing:
      return;
    case prober::verdict::contact:
      out_.emplace_back(contact_advanced{view_.number, *prober_.contact()});
      return;
    case prober::verdict::gone:
      out_.emplace_back(probe_failed{view_.number});
      return;
  }
}

void session_core::on_barrier(const op_table::entry& op, rc code, time_point now) {
  auto i = questions_.find(op.question);
  if (i == questions_.end())
    return;
  if (!is_definite(code))
    return answer_batch(op.question,
                        classify(code) == rc_class::session_fatal ? read_status::session_lost : read_status::failed,
                        fmt::format("barrier: {}", to_string(code)));
  auto& batch = std::get<pending_batch>(i->second.body);
  if (batch.reads.empty())
    return answer_batch(op.question, read_status::ok, {});
  queue_.push_back({op.question, now});
}

void session_core::on_read(const op_table::entry& op, raw_completion&& done) {
  const bool left = op.watched_path && leaves_watch(op.kind, done.code);
  if (op.watched_path)
    watches_.settle(*op.watched_path, slot_of(op.kind), left);
  auto i = questions_.find(op.question);
  if (op.abandoned || i == questions_.end())
    return;
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
  if (++batch.answered == batch.reads.size())
    answer_batch(op.question, read_status::ok, {});
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
  if (!clients.empty())
    out_.emplace_back(watch_fired{std::move(clients), event});
}

commit_outcome session_core::outcome_of(raw_completion&& done) const {
  switch (classify(done.code)) {
    case rc_class::ok: {
      committed result;
      for (const auto& r : done.results)
        result.zxid = std::max(result.zxid, r.stat.mzxid);
      result.results = std::move(done.results);
      return result;
    }
    case rc_class::expected:
      for (std::size_t i = 0; i < done.results.size(); ++i)
        if (done.results[i].code != rc::ok)
          return conflict{i, done.results[i].code};
      return conflict{0, done.code};
    case rc_class::unknown:
      return unknown{};
    case rc_class::session_fatal:
      return session_lost{};
    case rc_class::bug:
      break;
  }
  std::size_t index = 0;
  while (index < done.results.size() && done.results[index].code == rc::ok)
    ++index;
  const bool permission = done.code == rc::no_auth || done.code == rc::invalid_acl;
  return rejected{{permission ? errc::no_permission : errc::internal,
                   fmt::format("the store answered {} to operation {} of the transaction", to_string(done.code),
                               index < done.results.size() ? index : 0)}};
}

// -- answers ------------------------------------------------------------------

void session_core::answer_commit(std::uint64_t number, commit_outcome outcome) {
  auto i = questions_.find(number);
  if (i == questions_.end())
    return;
  if (std::holds_alternative<committed>(outcome))
    ++counters_.commits;
  else if (std::holds_alternative<conflict>(outcome))
    ++counters_.conflicts;
  else if (std::holds_alternative<rejected>(outcome))
    ++counters_.rejections;
  else
    ++counters_.unknowns;
  out_.emplace_back(commit_done{i->second.to, std::move(outcome)});
  erase(i);
}

void session_core::answer_batch(std::uint64_t number, read_status status, std::string text) {
  auto i = questions_.find(number);
  if (i == questions_.end())
    return;
  const auto to = i->second.to;
  auto& batch = std::get<pending_batch>(i->second.body);
  read_outcome outcome{status, {}, std::move(text)};
  if (status == read_status::ok)
    outcome.results = std::move(batch.results);
  auto held_back = std::move(batch.held_back);
  erase(i);
  out_.emplace_back(read_done{to, std::move(outcome)});
  if (status != read_status::session_lost)
    for (auto& event : held_back)
      out_.emplace_back(watch_fired{{to.client}, std::move(event)});
}

void session_core::answer_all(const verdict& v) {
  while (!questions_.empty()) {
    const auto number = questions_.begin()->first;
    if (auto* commit = std::get_if<pending_commit>(&questions_.begin()->second.body))
      answer_commit(number, commit->sent ? v.sent_commit : v.unsent_commit);
    else
      answer_batch(number, v.batch, v.text);
  }
  queue_.clear();
}

std::size_t session_core::unsent_ops(const question& q) {
  if (auto* commit = std::get_if<pending_commit>(&q.body))
    return commit->sent ? 0 : 1;
  const auto& batch = std::get<pending_batch>(q.body);
  return batch.reads.size() - batch.sent + (batch.fresh && !batch.barrier_sent ? 1 : 0);
}

void session_core::erase(questions::iterator i) {
  queued_ops_ -= unsent_ops(i->second);
  questions_.erase(i);
}

// -- session life -------------------------------------------------------------

session_core::effects session_core::open(time_point now) {
  const bool may = view_.phase == session_phase::idle || view_.phase == session_phase::closed
                   || view_.phase == session_phase::refused;
  if (!may)
    return {};
  if (closing_handle_ != 0)
    open_when_closed_ = true;
  else
    open_handle_now();
  return flush(now);
}

session_core::effects session_core::close(time_point now) {
  open_when_closed_ = false;
  if (view_.phase == session_phase::closed)
    return {};
  view_.closed_at = now;
  end_session(session_phase::closed, {unknown{}, session_lost{}, read_status::session_lost, "session closed"});
  return flush(now);
}

session_core::effects session_core::on_open_failed(std::uint64_t handle, error why, time_point now,
                                                   std::uint64_t entropy) {
  if (handle == 0 || handle != handle_)
    return {};
  handle_ = 0;
  const bool news = !(view_.trouble == why);
  view_.trouble = std::move(why);
  if (news)
    announce();
  reopen_later(now, entropy);
  return flush(now);
}

void session_core::on_link(const raw_link& link, time_point now, std::uint64_t entropy) {
  switch (link.state) {
    case link_state::connected:
      return on_connected(link, now);
    case link_state::connecting:
      return on_connecting();
    case link_state::expired:
      return on_expired(now, entropy);
    case link_state::auth_failed: {
      error why{errc::no_permission, "the store refuses the credentials"};
      view_.trouble = why;
      return end_session(session_phase::refused, {unknown{}, rejected{why}, read_status::failed, why.text});
    }
    case link_state::closed: {
      // Not asked for. Whether the session lives on at the server is not known, so nobody opens another by itself.
      error why{errc::not_connected, "the store's client library closed the session"};
      handle_ = 0;
      view_.closed_at = now;
      view_.trouble = why;
      return end_session(session_phase::closed, {unknown{}, rejected{why}, read_status::failed, why.text});
    }
  }
}

void session_core::on_connected(const raw_link& link, time_point now) {
  if (view_.connects > 0 && link.session != view_.id) {
    // The library has changed the session under the handle: nothing of the old one holds any more.
    ops_.drain();
    answer_all({session_lost{}, session_lost{}, read_status::session_lost, "another session"});
    watches_.clear();
    prober_.stop();
    view_.connects = 0;
  }
  if (view_.phase == session_phase::connected)
    on_connecting(); // Another server of the same session.
  if (view_.connects == 0) {
    ++view_.number;
    ++counters_.sessions;
  }
  ++view_.connects;
  ++counters_.connects;
  view_.phase = session_phase::connected;
  view_.id = link.session;
  view_.timeout = link.timeout;
  view_.trouble = {};
  failed_opens_ = 0;
  progress_ = now;
  prober_.set_timeout(link.timeout);
  announce();
}

void session_core::on_connecting() {
  if (view_.phase == session_phase::connected) {
    view_.phase = session_phase::suspended;
    announce();
  }
  // A batch is answered by one server or not at all.
  std::vector<std::uint64_t> torn;
  for (const auto& [number, q] : questions_)
    if (auto* batch = std::get_if<pending_batch>(&q.body); batch && (batch->barrier_sent || batch->sent > 0))
      torn.push_back(number);
  for (const auto number : torn)
    answer_batch(number, read_status::failed, "connection lost");
}

void session_core::on_expired(time_point now, std::uint64_t entropy) {
  const bool had_session = view_.connects > 0;
  end_session(session_phase::expired, {session_lost{}, session_lost{}, read_status::session_lost, "session expired"});
  // The server itself has ended the old session: nothing of it can land in the time of the new one.
  closing_handle_ = 0;
  if (had_session)
    open_handle_now();
  else
    reopen_later(now, entropy);
}

void session_core::open_handle_now() {
  open_when_closed_ = false;
  reopen_at_.reset();
  handle_ = ++last_handle_;
  out_.emplace_back(open_handle{handle_});
  if (view_.phase == session_phase::connecting)
    return;
  view_.phase = session_phase::connecting;
  view_.id = 0;
  view_.timeout = duration::zero();
  view_.connects = 0;
  announce();
}

void session_core::reopen_later(time_point now, std::uint64_t entropy) {
  auto base = limits_.backoff_min;
  for (std::uint32_t i = 0; i < failed_opens_ && base < limits_.backoff_max; ++i)
    base *= 2;
  base = std::min(base, limits_.backoff_max);
  ++failed_opens_;
  const auto half = static_cast<std::uint64_t>(base.count() / 2);
  reopen_at_ = now + duration{static_cast<duration::rep>(half + entropy % (half + 1))};
}

void session_core::end_session(session_phase phase, const verdict& v) {
  view_.phase = phase;
  announce();
  ops_.drain();
  answer_all(v);
  watches_.clear();
  prober_.stop();
  reopen_at_.reset();
  if (handle_ != 0) {
    out_.emplace_back(close_handle{handle_});
    closing_handle_ = handle_;
  }
  handle_ = 0;
}

void session_core::announce() {
  out_.emplace_back(session_changed{view_});
}

} // namespace djm::store
