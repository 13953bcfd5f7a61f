#include "actors/client/order_core.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace djm {

using store::rc;

namespace {

/// Data is shown up to so many bytes.
constexpr std::size_t most_shown = 120;

struct change_text {
  const std::string& meaning;

  std::string with(const char* what, const std::string& path, const std::string& data) const {
    const auto text = std::string{what} + " " + path;
    if (data.size() <= most_shown) {
      return data.empty() ? text : text + " " + data;
    }
    return text + " (" + (meaning.empty() ? std::to_string(data.size()) + " bytes" : meaning) + ")";
  }
  std::string operator()(const store::check_op&) const { return {}; }
  std::string operator()(const store::create_op& x) const { return with("create", x.path, x.data); }
  std::string operator()(const store::set_op& x) const { return with("set", x.path, x.data); }
  std::string operator()(const store::remove_op& x) const { return "remove " + x.path; }
  std::string operator()(const store::secure_op& x) const { return "secure " + x.path; }
};

struct record_meaning {
  std::string operator()(const store::order::override_spec& x) const {
    return (x.replace ? "overrides: " : "overrides changed by: ") + x.overrides.to_json();
  }
  std::string operator()(const store::order::configure&) const { return "another configuration"; }
  std::string operator()(const store::order::pause& x) const { return x.paused ? "paused: true" : "paused: false"; }
  std::string operator()(const store::order::trigger& x) const { return "trigger " + x.id; }
  std::string operator()(const store::order::remove&) const { return "state: removing"; }
  std::string operator()(const store::order::prepare_again&) const { return "prepared once more"; }
};

std::string meaning_of(const order_core::order& what) {
  if (const auto* x = std::get_if<order_core::switch_job>(&what)) {
    return x->enabled ? "enabled: true" : "enabled: false";
  }
  const auto* x = std::get_if<order_core::change_record>(&what);
  return x != nullptr ? std::visit(record_meaning{}, x->what) : std::string{};
}

} // namespace

std::vector<std::string> changes_of(const std::vector<store::write_op>& ops, const std::string& meaning) {
  std::vector<std::string> result;
  for (const auto& op : ops) {
    if (auto text = std::visit(change_text{meaning}, op); !text.empty()) {
      result.push_back(std::move(text));
    }
  }
  return result;
}

order_core::order_core(settings s, order what)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    what_(std::move(what)),
    store_(open_problems{"client"}, backoff{cfg_.backoff_min, cfg_.backoff_max}) {}

order_core::effects order_core::on_session(const store::session_view& view, step) {
  effects out;
  const bool lost = view.number != session_ || view.phase == store::session_phase::expired;
  connected_ = view.phase == store::session_phase::connected;
  session_ = view.number;
  if (lost && store_.writes() > 0) {
    uncertain_ = true;
  }
  if (lost) {
    store_.drop();
  }
  next(out);
  return out;
}

order_core::effects order_core::on_wake(step s) {
  effects out;
  store_.on_wake(s);
  next(out);
  return out;
}

order_core::effects order_core::on_timeout() {
  effects out;
  if (over_) {
    return out;
  }
  const bool may_be = uncertain_ || store_.writes() > 0;
  store_.drop();
  store_.retry_now();
  answer(may_be ? fail(errc::unknown_outcome, "it may or may not have been written: look again")
                : fail(obstacle_.code, obstacle_.text),
         out);
  return out;
}

void order_core::next(effects& out) {
  if (over_ || !connected_ || !store_.idle() || store_.retry_at()) {
    return;
  }
  std::visit([&](const auto& x) { begin(x, out); }, what_);
}

void order_core::answer(expected<order_result> result, effects& out) {
  over_ = true;
  // Another submission of that name has bumped the version that ours names: ours is not there, and will not come.
  const bool settled = std::holds_alternative<submit>(what_) && !result && result.error().code == errc::duplicate_job;
  if (!result && uncertain_ && !settled && result.error().code != errc::unknown_outcome) {
    result = fail(errc::unknown_outcome, "it may or may not have been written, and then: " + to_string(result.error()));
  }
  out.push_back(done{std::move(result)});
}

void order_core::again(step s, errc code, std::string why) {
  obstacle_ = {code, std::move(why)};
  store_.retry(s);
}

// -- what is read -----------------------------------------------------------------

void order_core::ask(const std::string& version, const std::string& subject, const std::string& registration,
                     effects& out, const std::string& submission) {
  version_path_ = version;
  obstacle_ = {errc::timed_out, "the store did not answer"};
  read_batch batch;
  slots answers{batch.get(version), batch.get(subject), batch.get(registration), {}};
  if (!submission.empty()) {
    answers.submission = batch.get(submission);
  }
  store_.read({}, batch, true, out, &order_core::decide, answers);
}

void order_core::begin(const set_marks& x, effects& out) {
  ask(tree_.worker_version(), tree_.mark(x.worker), tree_.worker(x.worker), out);
}

void order_core::begin(const switch_job& x, effects& out) {
  ask(tree_.pool_version(), tree_.pool(x.job), tree_.pools(), out);
}

void order_core::begin(const switch_all&, effects& out) {
  ask(tree_.pool_version(), tree_.pools(), tree_.pools(), out);
}

void order_core::begin(const change_record& x, effects& out) {
  const bool removes = std::holds_alternative<store::order::remove>(x.what);
  ask(tree_.jobs_version(), tree_.job(x.job), tree_.job_config(x.job), out,
      removes ? tree_.submission(x.job) : std::string{});
}

void order_core::begin(const submit& x, effects& out) {
  version_path_ = tree_.jobs_version();
  obstacle_ = {errc::timed_out, "the store did not answer"};
  read_batch batch;
  const auto version = batch.get(version_path_);
  const store::submission_reads found{tree_, x.what.id, batch};
  store_.read({}, batch, true, out, &order_core::decide_submission, version, found);
}

order_core::effects order_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (q->status == store::read_status::rejected) {
    answer(fail(errc::invalid_id, q->text), out);
  } else if (!q->ok()) {
    again(s, errc::timed_out, "the store did not answer: " + q->text);
  } else {
    q->then(*this, s, out);
  }
  next(out);
  return out;
}

// -- what is decided --------------------------------------------------------------

store::order_ops order_core::ops_of_record(const change_record& x, const slots& answers, step s) {
  const auto tried = uncertain_ ? std::optional{store::earlier_attempt{rev_, taken_}} : std::nullopt;
  auto change = store::record_ops(tree_, x.job, x.what, x.expected_rev, cfg_.who, s.wall_ms, *answers.subject,
                                  *answers.registration, tried, answers.submission ? &**answers.submission : nullptr);
  if (!change) {
    return tl::make_unexpected(std::move(change.error()));
  }
  rev_ = change->rev;
  taken_ = change->submission;
  return std::move(change->ops);
}

store::write_op order_core::tell(const slots& answers) {
  ++sent_;
  if (const auto* x = std::get_if<change_record>(&what_)) {
    return store::tell_of_record(tree_, x->job, cfg_.who, *answers.version);
  }
  const store::version_payload who{cfg_.who + "-" + std::to_string(sent_)};
  return store::set_op{version_path_, store::encode(who), answers.version->stat.version};
}

store::order_ops order_core::ops_of(const slots& answers, step s) {
  if (const auto* x = std::get_if<change_record>(&what_)) {
    return ops_of_record(*x, answers, s);
  }
  if (const auto* x = std::get_if<set_marks>(&what_)) {
    return store::mark_ops(tree_, x->worker, x->wish, *answers.subject, *answers.registration);
  }
  if (const auto* x = std::get_if<switch_job>(&what_)) {
    return store::switch_job_ops(tree_, x->job, x->enabled, *answers.subject);
  }
  if (const auto* x = std::get_if<switch_all>(&what_)) {
    return store::switch_all_ops(tree_, x->disabled, *answers.subject);
  }
  return fail(errc::internal, "this order reads nothing");
}

/// Nothing can be decided, and that is the answer.
bool order_core::unreadable(const read_slot& version, std::initializer_list<const read_slot*> all, effects& out) {
  for (const auto* slot : all) {
    if ((*slot)->code == rc::no_auth) {
      answer(fail(errc::no_permission, "the store does not let this account read what the order is about"), out);
      return true;
    }
  }
  if (version->code != rc::ok) {
    answer(fail(errc::malformed_payload, version_path_ + " is missing: there is no tree of djm, or an incomplete one"),
           out);
    return true;
  }
  return false;
}

void order_core::decide(const slots& answers, step s, effects& out) {
  if (unreadable(answers.version, {&answers.version, &answers.subject, &answers.registration}, out)) {
    return;
  }
  auto ops = ops_of(answers, s);
  if (!ops) {
    answer(tl::make_unexpected(ops.error()), out);
    return;
  }
  if (ops->empty()) {
    stands(out);
    return;
  }
  changes_ = changes_of(*ops, meaning_of(what_));
  store::transaction txn;
  txn.ops.push_back(tell(answers));
  std::move(ops->begin(), ops->end(), std::back_inserter(txn.ops));
  commit(std::move(txn), out);
}

/// Whether the job may have changed since the latest attempt, which an applied one has as well. Where it has not, that
/// attempt was not applied, and meets the version that the next one leaves.
bool order_core::changed_since_sent(const store::read_result& version, const job_id& job) const {
  const auto now = store::read_payload<store::jobs_version_payload>(version, version_path_).value;
  const auto changed = now ? store::changed_since(*now, version.stat.version, sent_at_) : std::nullopt;
  return !changed || changed->count(job) > 0;
}

/// Made once and never changed: whoever does not know the outcome finds its own request there, or another one's.
void order_core::decide_submission(const read_slot& version, const store::submission_reads& found, step s,
                                   effects& out) {
  const auto& what = std::get<submit>(what_).what;
  if (unreadable(version, {&version, &found.folder, &found.submission, &found.record}, out)) {
    return;
  }
  if (uncertain_ && found.submission->code != rc::ok && changed_since_sent(*version, what.id)) {
    answer(fail(errc::unknown_outcome, "it may have been there, and have been removed since: look again"), out);
    return;
  }
  sent_at_ = version->stat.version;
  auto ops = store::submit_ops(tree_, what, found, s.wall_ms);
  if (!ops) {
    answer(tl::make_unexpected(std::move(ops.error())), out);
    return;
  }
  if (ops->empty()) {
    stands(out);
    return;
  }
  ++sent_;
  changes_ = changes_of(*ops, "kind " + what.kind);
  store::transaction txn;
  txn.ops.push_back(store::tell_of_record(tree_, what.id, cfg_.who, *version));
  std::move(ops->begin(), ops->end(), std::back_inserter(txn.ops));
  commit(std::move(txn), out);
}

/// By what was sent before, if anything was and its outcome was not known.
void order_core::stands(effects& out) {
  answer(order_result{uncertain_, uncertain_ ? changes_ : std::vector<std::string>{}, 0, rev_}, out);
}

/// Nobody follows the states of items, so no version node tells of it: the version of the data guards it.
void order_core::begin(const set_state& x, effects& out) {
  obstacle_ = {errc::timed_out, "the store did not answer"};
  read_batch batch;
  const store::state_question found{tree_, x.what.item, batch};
  store_.read({}, batch, true, out, &order_core::decide_state, found);
}

void order_core::decide_state(const store::state_question& found, step s, effects& out) {
  if (found.job->code == rc::no_auth || found.saved.state->code == rc::no_auth) {
    answer(fail(errc::no_permission, "the store does not let this account read what the order is about"), out);
    return;
  }
  auto what = std::get<set_state>(what_).what;
  what.by = cfg_.who;
  auto change = store::carry_out(tree_, what, found, uncertain_ ? std::optional{rev_} : std::nullopt, s.wall_ms);
  if (!change) {
    answer(tl::make_unexpected(std::move(change.error())), out);
    return;
  }
  rev_ = change->after.version;
  if (change->ops.empty()) {
    stands(out);
    return;
  }
  ++sent_;
  changes_ = changes_of(change->ops);
  commit({std::move(change->ops)}, out);
}

void order_core::begin(const mend& x, effects& out) {
  if (sent_ > 0 || x.session != session_) {
    answer(sent_ > 0 ? fail(errc::unknown_outcome, "it may or may not have been written: look again")
                     : fail(errc::conflict, "the session is another one since it was looked at: look again"),
           out);
    return;
  }
  ++sent_;
  changes_ = changes_of(x.ops);
  commit({x.ops}, out);
}

void order_core::commit(store::transaction txn, effects& out) {
  if (cfg_.mode == order_mode::dry_run) {
    answer(order_result{true, changes_, 0, rev_}, out);
    return;
  }
  obstacle_ = {errc::unknown_outcome, "it may or may not have been written: look again"};
  store_.commit({}, session_, std::move(txn), out);
}

order_core::effects order_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (!store_.answered(request)) {
    return out;
  }
  const bool once = std::holds_alternative<mend>(what_);
  if (const auto* yes = std::get_if<store::committed>(&outcome)) {
    answer(order_result{true, changes_, yes->zxid, rev_}, out);
  } else if (const auto* no = std::get_if<store::rejected>(&outcome)) {
    const bool may_go_later = no->why.code == errc::not_connected || no->why.code == errc::timed_out;
    if (may_go_later && !once) {
      again(s, no->why.code, no->why.text);
    } else {
      answer(fail(no->why.code, no->why.text), out);
    }
  } else if (std::holds_alternative<store::conflict>(outcome)) {
    if (once) {
      answer(fail(errc::conflict, "it has changed since it was looked at: nothing was done"), out);
    } else {
      again(s, errc::conflict, "others keep changing the same");
    }
  } else {
    // Reading again shows whether it stands; a late one meets the version that the next one has left.
    uncertain_ = true;
    if (once) {
      answer(fail(errc::unknown_outcome, "it may or may not have been written: look again"), out);
    } else {
      again(s, errc::unknown_outcome, "it may or may not have been written: look again");
    }
  }
  next(out);
  return out;
}

} // namespace djm
