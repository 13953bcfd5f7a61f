#include "actors/manager/leader_store.hpp"

namespace djm {

using store::rc;

std::string name_below(const std::string& path, const std::string& folder) {
  return path.compare(0, folder.size() + 1, folder + "/") == 0
           ? path.substr(folder.size() + 1, path.find('/', folder.size() + 1) - folder.size() - 1)
           : std::string{};
}

leader_store::leader_store(manager_lifetime& life, leadership mine)
  : leader_dialogue(std::move(life.problems), backoff{life.cfg.backoff_min, life.cfg.backoff_max}, life.cfg.numbers,
                    life.cfg.read_batch),
    life_(life),
    mine_(std::move(mine)) {}

const char* leader_store::subject_of(activity a) {
  switch (a) {
  case activity::breaking: return effort::breaking;
  case activity::clean_write: return effort::cleaning;
  case activity::writing: return effort::planning;
  case activity::write_model: return effort::noting;
  default: return effort::reading;
  }
}

bool leader_store::on_read(std::uint64_t request, const store::read_outcome& r, step s, manager_effects& out) {
  if (r.status == store::read_status::ok && knows(request)) { // a part is better than nothing
    failures_in_a_row_ = 0;
    relieve("read", out);
  }
  const auto q = answered(request, r, out);
  if (!q) {
    return false;
  }
  if (q->ok()) {
    q->then(*this, s, out);
  } else {
    reading_failed(*q, out);
  }
  return true;
}

void leader_store::reading_failed(const answered_read& q, manager_effects& out) {
  // Once is a matter of the connection. What fails again and again has to be told, with a name.
  constexpr std::uint32_t patience = 5;
  ++failures_in_a_row_;
  const auto what = q.topic;
  const auto rejected = q.status == store::read_status::rejected;
  if (rejected || failures_in_a_row_ >= patience) {
    complain("read",
             {rejected ? errc::internal : errc::timed_out,
              fmt::format("the leader cannot read {}: {} questions, the first about \"{}\": {}",
                          what == activity::load_base || what == activity::load_changed ? "the cluster"
                          : what == activity::load_details                              ? "workers and pools"
                          : what == activity::load_items                                ? "assignments"
                          : what == activity::read_model ? "what is noted down of the cluster"
                          : what == activity::clean_read ? "what is to be cleaned"
                                                         : "locks",
                          q.asked.size(), q.asked.empty() ? std::string{} : q.asked.begin()->first.path, q.text)},
             out);
  }
  setback_ = "a read failed: " + q.text;
}

bool leader_store::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s,
                             manager_effects& out) {
  const bool ok = std::holds_alternative<store::committed>(outcome);
  const bool met = std::holds_alternative<store::conflict>(outcome);
  const auto* no = std::get_if<store::rejected>(&outcome);
  const auto q = answered(request);
  if (!q) {
    return false;
  }
  const auto what = q->topic;
  const bool own = what == activity::writing || what == activity::write_model; // it knows itself how to go on
  if (what != activity::writing && ok) {
    reset_backoff();
    works(subject_of(what), out);
  } else if (!ok) {
    met ? ++life_.counters.conflicts : ++life_.counters.unknowns;
  }
  learn_limits(what, outcome, s, out);
  if (own || ok || met) {
    q->then(*this, outcome, s, out);
  } else {
    setback(s, subject_of(what), no != nullptr ? no->why.text : "an outcome is unknown", out);
  }
  return true;
}

void leader_store::setback(step s, const char* what, const std::string& why, manager_effects& out) {
  failing(what, why, s.now, out);
  setback_ = why;
}

void leader_store::start_over(step s) {
  drop();
  retry(s);
}

void leader_store::unreadable(const std::string& path, rc code, manager_effects& out) {
  if (code == rc::no_auth) {
    complain(path, {errc::no_permission, path + " may not be read: it was made with other credentials (store.digest)"},
             out);
  }
}

/// What the store says to a transaction.
void leader_store::learn_limits(activity what, const store::commit_outcome& outcome, step s, manager_effects& out) {
  auto& batch = what == activity::breaking ? life_.break_batch : life_.batch;
  const auto* no = std::get_if<store::rejected>(&outcome);
  if (no != nullptr && no->why.code != errc::not_connected) {
    batch.refused(*no, s.now);
    refused_ = what;
    complain("commit", no->why, out);
  } else if (std::holds_alternative<store::committed>(outcome)) {
    batch.worked(s.now);
    no_longer_refused(what, out);
  }
}

void leader_store::no_longer_refused(activity what, manager_effects& out) {
  if (refused_ == what) {
    refused_.reset();
    relieve("commit", out);
  }
}

open_problems leader_store::end(time_point now, duration apart, manager_effects& out) {
  for (const auto a : {activity::writing, activity::breaking, activity::clean_write}) {
    if (writes(a)) {
      // The term may be lost because of what was written: too much for the store, say.
      failing(subject_of(a), "leadership was lost before the answer", now, out,
              a == activity::breaking ? apart : duration::zero());
    }
  }
  problems().close(out); // whoever leads now finds out
  return std::move(problems());
}

} // namespace djm
