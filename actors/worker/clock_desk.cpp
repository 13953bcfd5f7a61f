#include "actors/worker/clock_desk.hpp"

#include <algorithm>
#include <utility>

#include "zkstore/commit_time.hpp"

namespace djm {

namespace {

constexpr auto question = "asking the store for its time";

} // namespace

clock_desk::clock_desk(const worker_config& cfg, const store::tree_schema& tree, worker_session& member,
                       request_numbers numbers)
  : cfg_(cfg),
    tree_(tree),
    member_(member),
    store_(open_problems{"worker"}, backoff{cfg.backoff_min, cfg.backoff_max}, std::move(numbers)) {}

/// It was dated between the two moments. What each commit leaves open the next ones narrow down, as long as they agree:
/// when they do not, the store's clock was set, or ours drifts, and the latest says more.
void clock_desk::heard(const store::committed& done, time_point sent, time_point now) {
  heard_ = heard_ || done.zxid != 0;
  if (const auto ms = store::time_of(done)) {
    heard(*ms, sent, now);
  }
}

void clock_desk::heard(std::int64_t mtime_ms, time_point sent, time_point now) {
  if (mtime_ms <= 0) {
    return;
  }
  store_time next;
  next.skew = std::chrono::duration_cast<std::chrono::milliseconds>(cfg_.max_clock_skew).count();
  next.least = mtime_ms - store_time::boot_ms(now) - 1; // both are whole milliseconds
  next.most = mtime_ms + 1 - store_time::boot_ms(sent);
  if (time_ && std::max(next.least, time_->least) <= std::min(next.most, time_->most)) {
    next.least = std::max(next.least, time_->least);
    next.most = std::min(next.most, time_->most);
  }
  time_ = next;
  sent_ = std::max(sent_, sent);
}

clock_desk::verdict clock_desk::compare(step s) const {
  if (!time_) {
    return verdict::fine;
  }
  return s.wall_ms > time_->latest(s.now) + time_->skew     ? verdict::ahead
         : s.wall_ms < time_->earliest(s.now) - time_->skew ? verdict::behind
                                                            : verdict::fine;
}

void clock_desk::go_on(bool asked, step s, worker_effects& out) {
  store_.on_wake(s);
  if (!asked) {
    doubted_at_.reset();
    told_ = verdict::fine;
    store_.relieve(about, out);
    store_.works(question, out); // whether it does matters to nobody
  } else if (member_.online()) {
    judge(s, out);
  }
}

void clock_desk::judge(step s, worker_effects& out) {
  if (!heard_) {
    ask(s, out);
    return;
  }
  const auto now = compare(s);
  if (now == told_) {
    doubted_at_.reset();
    if (told_ != verdict::fine && s.now - sent_ >= pause()) {
      ask(s, out);
    } else if (!asking()) {
      store_.works(question, out); // it has been told by something else since
    }
    return;
  }
  if (!doubted_at_) {
    doubted_at_ = s.now;
  }
  if (sent_ < *doubted_at_) {
    ask(s, out);
    return;
  }
  doubted_at_.reset();
  told_ = now;
  tell(s, out);
}

void clock_desk::tell(step s, worker_effects& out) {
  if (told_ == verdict::fine) {
    store_.relieve(about, out);
    return;
  }
  const bool ahead = told_ == verdict::ahead;
  const auto by = ahead ? s.wall_ms - time_->latest(s.now) : time_->earliest(s.now) - s.wall_ms;
  store_.complain(
    about,
    {errc::clock_skew,
     "the wall clock of this node is " + format_duration(std::chrono::seconds{(by + 500) / 1000}) +
       (ahead ? " ahead of" : " behind") +
       " that of the store's leading server, and one of them is wrong: the store's, where other nodes say "
       "the same; slots that are remembered start by the " +
       (ahead ? "store's clock" : "clock of this node")},
    out);
}

void clock_desk::ask(step s, worker_effects& out) {
  if (asking()) {
    return;
  }
  txn_builder<int> txn;
  txn.add(store::set_op{tree_.alive(cfg_.node), member_.alive_data()});
  store_.commit(clock_topic::set, member_.session(), std::move(txn), out, &clock_desk::answered, s.now);
}

bool clock_desk::on_commit(std::uint64_t request, const store::commit_outcome& o, step s, worker_effects& out) {
  const auto q = store_.answered(request);
  if (q) {
    q->then(*this, o, s, out);
  }
  return q.has_value();
}

void clock_desk::answered(time_point sent, const txn_outcome<int>& o, step s, worker_effects& out) {
  if (const auto* done = o.committed()) {
    heard(*done, sent, s.now);
    store_.reset_backoff();
    store_.works(question, out);
    return;
  }
  if (o.conflict() != nullptr) {
    member_.lost(out); // not registered any more
  }
  const auto* no = o.rejected();
  const auto why = no != nullptr             ? no->why.text
                   : o.conflict() != nullptr ? "this node is not registered"
                                             : "no answer came";
  store_.retry(question, why, s, out);
}

void clock_desk::describe(worker_status& st) const {
  const auto texts = store_.problems().texts();
  st.problems.insert(st.problems.end(), texts.begin(), texts.end());
}

std::optional<time_point> clock_desk::wake_at() const {
  if (store_.retry_at()) {
    return store_.retry_at();
  }
  const bool asks = told_ != verdict::fine && member_.online() && store_.writes() == 0;
  return asks ? std::optional{sent_ + pause()} : std::nullopt;
}

} // namespace djm
