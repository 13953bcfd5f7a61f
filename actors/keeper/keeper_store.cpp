#include "actors/keeper/keeper_store.hpp"

namespace djm {

using store::rc;
using topic = keeper_topic;

keeper_store::keeper_store(keeper_lifetime& life, membership& member)
  : keeper_dialogue(open_problems{"keeper"}, backoff{life.cfg.config.backoff_min, life.cfg.config.backoff_max}),
    life_(life),
    member_(member),
    batch_(life.cfg.max_transaction_ops) {}

const char* keeper_store::subject_of(topic t) {
  switch (t) {
  case topic::writing_root:
  case topic::writing_base: return "making what is missing of the tree";
  case topic::writing_records: return "writing the records of jobs";
  case topic::writing_pools: return "writing the pools of jobs";
  case topic::writing_registration: return "writing the registration";
  case topic::writing_leave: return "leaving";
  default: return "reading the tree";
  }
}

// -- answers ------------------------------------------------------------------------

keeper_store::heard keeper_store::on_read(std::uint64_t request, const store::read_outcome& r, step s,
                                          keeper_effects& out) {
  const auto q = answered(request, r, out);
  if (!q) {
    return {};
  }
  if (!q->ok()) {
    if (q->topic != topic::looking && q->topic != topic::looking_at_records) { // these come again by themselves
      if (q->status == store::read_status::rejected) {
        complain("read", {errc::internal, q->text}, out);
      }
      retry(subject_of(q->topic), q->text, s, out);
    }
    return {answer::lost, q->topic};
  }
  for (const auto& [asked, found] : q->asked) {
    if (found.code == rc::no_auth && q->topic != topic::reading_access) {
      refused("reading " + asked.path, "reading \"" + asked.path + "\" is not permitted", s, out);
      return {answer::refused, q->topic};
    }
  }
  if (!problems().empty()) {
    for (const auto& [asked, found] : q->asked) {
      if (problems().has("reading " + asked.path)) {
        relieve("reading " + asked.path, out);
        refused_since_.reset();
      }
    }
  }
  relieve("read", out);
  works(subject_of(q->topic), out);
  q->then(*this, s, out);
  return {answer::taken, q->topic};
}

bool keeper_store::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s, keeper_effects& out) {
  const auto q = answered(request);
  if (!q) {
    return false;
  }
  const bool ok = std::holds_alternative<store::committed>(outcome);
  const bool met = std::holds_alternative<store::conflict>(outcome);
  if (const auto* no = std::get_if<store::rejected>(&outcome)) {
    rejected(q->topic, *no, s, out);
  } else if (!ok) {
    met ? ++life_.counters.conflicts : ++life_.counters.unknowns;
    failing(subject_of(q->topic), met ? "others are in the way" : "its outcome is unknown", s.now, out);
  } else {
    reset_backoff();
    batch_.worked(s.now);
    refused_since_.reset();
    relieve("commit", out);
    relieve("writing", out);
    works(subject_of(q->topic), out);
  }
  q->then(*this, outcome, s, out);
  return true;
}

void keeper_store::rejected(topic what, const store::rejected& no, step s, keeper_effects& out) {
  batch_.refused(no, s.now);
  if (no.why.code != errc::no_permission) {
    if (no.why.code != errc::not_connected) {
      complain("commit", no.why, out);
    }
    failing(subject_of(what), no.why.text, s.now, out);
  } else if (what != topic::securing && what != topic::writing_root) { // these know better what it means
    deny("writing", "writing below \"" + life_.tree.root() + "\": " + no.why.text, s, out);
  }
}

// -- what goes wrong ----------------------------------------------------------------

void keeper_store::deny(const std::string& about, const std::string& what, step s, keeper_effects& out) {
  if (!refused_since_) {
    refused_since_ = s.now;
  }
  error why{errc::no_permission, what};
  if (!member_.has_joined() && s.now >= *refused_since_ + life_.cfg.config.registration_timeout) {
    give_up(std::move(why), out);
  } else {
    complain(about, std::move(why), out);
  }
}

void keeper_store::refused(const std::string& about, const std::string& what, step s, keeper_effects& out) {
  deny(about, what, s, out);
  retry(s);
}

void keeper_store::give_up(error why, keeper_effects& out) {
  member_.fail();
  problems().tell("failure", why, out);
  membership::failed(std::move(why), out);
}

void keeper_store::registration_lost(keeper_effects& out) {
  if (member_.lost(out)) {
    complain("registration",
             {errc::conflict, life_.tree.alive(life_.id()) + " or " + life_.tree.worker(life_.id()) +
                                " was removed by somebody else, or overwritten; joining again"},
             out);
  }
}

void keeper_store::nothing_left(bool pools, bool registration, keeper_effects& out) {
  if (!problems().tries() && !problems().has("commit")) {
    return;
  }
  works(subject_of(topic::writing_base), out);
  if (pools) {
    works(subject_of(topic::writing_pools), out);
    works(subject_of(topic::writing_records), out);
  }
  if (registration) {
    works(subject_of(topic::writing_registration), out);
    if (pools) {
      relieve("commit", out);
    }
  }
}

} // namespace djm
