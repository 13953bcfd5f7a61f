#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "actors/common/core.hpp"
#include "actors/common/open_problems.hpp"
#include "actors/dialogue/txn_builder.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree/records.hpp"

namespace djm {

/// Numbers of questions. Copies draw from one sequence, so that cores behind one actor never use the same number.
class request_numbers {
public:
  std::uint64_t draw() { return ++*last_; }
  /// The number that comes next, for texts that name it.
  std::uint64_t next() const { return *last_ + 1; }

private:
  std::shared_ptr<std::uint64_t> last_ = std::make_shared<std::uint64_t>(0);
};

/// What one core has under way with the store: questions and transactions with what is to be done with their answers,
/// when to try again, and what goes wrong. An answer to a question that nobody asks any more finds nothing here.
///
/// `Topic` says what a question is about: an enum of the core, or the words for people themselves. The core looks at it
/// where all its answers are treated alike, before it calls `then`. Pure.
template <class Core, class Topic, class Effects>
class exchange {
public:
  using on_answers = std::function<void(Core&, step, Effects&)>;
  using on_outcome = std::function<void(Core&, const store::commit_outcome&, step, Effects&)>;

  struct answered_read {
    Topic topic;
    /// What was asked, with the answers where `status` is `ok`.
    read_batch asked;
    on_answers then;
    store::read_status status;
    std::string text;
    bool ok() const { return status == store::read_status::ok; }
  };
  struct answered_commit {
    Topic topic;
    on_outcome then;
  };

  /// `most_reads` go into one question; more are asked one after the other and answered as a whole.
  exchange(open_problems problems, backoff delays, request_numbers numbers = {}, std::size_t most_reads = SIZE_MAX)
    : problems_(std::move(problems)), backoff_(delays), numbers_(std::move(numbers)), most_reads_(most_reads) {}

  // -- questions --

  /// Answered by `then(core, slots..., step, effects)`, a member of the core or a function.
  template <class Then, class... Slots>
  void read(Topic topic, read_batch ask, bool fresh, Effects& out, Then then, Slots... slots) {
    send_part(
      {topic, std::move(ask),
       [then, slots...](Core& core, step s, Effects& effects) { std::invoke(then, core, slots..., s, effects); }},
      fresh, out);
  }

  /// `session`: the one in which the transaction was decided.
  void commit(Topic topic, std::uint64_t session, store::transaction txn, Effects& out, on_outcome then = {}) {
    const auto request = numbers_.draw();
    writing_.emplace(request, answered_commit{topic, std::move(then)});
    out.push_back(commit_effect{request, session, std::move(txn)});
  }
  /// The same in the words of the core: `then(core, notes..., outcome, step, effects)` with a `txn_outcome`.
  template <class Label, class Then, class... Notes>
  void commit(Topic topic, std::uint64_t session, txn_builder<Label> txn, Effects& out, Then then, Notes... notes) {
    commit(topic, session, txn.take_txn(), out,
           [labels = txn.take_labels(), then, notes...](Core& core, const store::commit_outcome& o, step s,
                                                        Effects& effects) {
             std::invoke(then, core, notes..., txn_outcome<Label>{labels, o}, s, effects);
           });
  }

  // -- answers --

  /// Nothing: nobody asks that any more, or a part of the answer is still to come.
  std::optional<answered_read> answered(std::uint64_t request, const store::read_outcome& r, Effects& out) {
    auto node = reading_.extract(request);
    if (node.empty()) {
      return std::nullopt;
    }
    auto& q = node.mapped();
    auto status = r.status;
    if (status == store::read_status::ok && !q.asked.take(r.results)) {
      status = store::read_status::failed; // a store that is at fault
    } else if (status == store::read_status::ok && !q.asked.complete()) {
      send_part(std::move(q), false, out);
      return std::nullopt;
    }
    return answered_read{q.topic, std::move(q.asked), std::move(q.then), status, r.text};
  }
  std::optional<answered_commit> answered(std::uint64_t request) {
    auto node = writing_.extract(request);
    return node.empty() ? std::nullopt : std::optional{std::move(node.mapped())};
  }

  /// Nothing is under way.
  bool idle() const { return reading_.empty() && writing_.empty(); }
  bool reads(Topic topic) const { return has(reading_, topic); }
  bool reads_but(Topic topic) const { return reading_.size() > (reads(topic) ? 1 : 0); }
  bool writes(Topic topic) const { return has(writing_, topic); }
  std::size_t writes() const { return writing_.size(); }
  bool knows(std::uint64_t request) const { return reading_.count(request) + writing_.count(request) > 0; }
  /// Nobody asks anything any more: what is still answered is dropped.
  void drop() {
    reading_.clear();
    writing_.clear();
  }
  const request_numbers& numbers() const { return numbers_; }

  // -- trying again --

  void retry(step s) { retry_at_ = s.now + draw_backoff(s); }
  /// A delay for something that the core tries again by itself.
  duration draw_backoff(step s) { return backoff_.draw(s.entropy); }
  /// `what` has failed: told when that goes on for long.
  void retry(const char* what, const std::string& why, step s, Effects& out) {
    problems_.failing(what, why, s.now, out);
    retry(s);
  }
  /// At a moment of the core's own, instead of any other.
  void retry_at(time_point at) { retry_at_ = at; }
  /// When a retry is due; nothing: none is waited for.
  std::optional<time_point> retry_at() const { return retry_at_; }
  void retry_now() { retry_at_.reset(); }
  /// Whether a retry has become due; it is waited for no more.
  bool on_wake(step s) {
    const bool due = retry_at_ && s.now >= *retry_at_;
    if (due) {
      retry_at_.reset();
    }
    return due;
  }
  /// Something has worked: the next delay is a short one.
  void reset_backoff() { backoff_.reset(); }

  // -- complaints --

  void complain(const std::string& about, error why, Effects& out) { problems_.tell(about, std::move(why), out); }
  void relieve(const std::string& about, Effects& out) { problems_.over(about, out); }
  /// What a node says that was read. One that is malformed is complained of, by its path, until it says something.
  template <class Payload>
  expected<Payload> decode(const store::read_result& r, const std::string& path, Effects& out) {
    auto payload = store::decode<Payload>(r.data, path);
    payload ? relieve(path, out) : complain(path, payload.error(), out);
    return payload;
  }
  /// The same of what a record says that was read.
  template <class Payload>
  void judge(const store::reading<Payload>& r, const std::string& path, Effects& out) {
    r.problem ? complain(path, *r.problem, out) : relieve(path, out);
  }
  void failing(const std::string& what, const std::string& why, time_point now, Effects& out, duration apart = {}) {
    problems_.failing(what, why, now, out, apart);
  }
  void works(const char* what, Effects& out) { problems_.works(what, out); }
  template <class F>
  void over_if(F is_over, Effects& out) {
    problems_.over_if(is_over, out);
  }
  open_problems& problems() { return problems_; }
  const open_problems& problems() const { return problems_; }

private:
  struct question {
    Topic topic;
    read_batch asked;
    on_answers then;
  };

  template <class Map>
  static bool has(const Map& map, Topic topic) {
    return std::any_of(map.begin(), map.end(), [&](const auto& x) { return x.second.topic == topic; });
  }

  void send_part(question q, bool fresh, Effects& out) {
    const auto request = numbers_.draw();
    out.push_back(read_effect{request, q.asked.next_part(most_reads_), fresh});
    reading_.emplace(request, std::move(q));
  }

  open_problems problems_;
  backoff backoff_;
  request_numbers numbers_;
  std::size_t most_reads_;
  std::map<std::uint64_t, question> reading_;
  std::map<std::uint64_t, answered_commit> writing_;
  std::optional<time_point> retry_at_;
};

} // namespace djm
