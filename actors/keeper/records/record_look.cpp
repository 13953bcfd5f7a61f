#include "actors/keeper/records/record_look.hpp"

#include "zkstore/tree/job_records.hpp"

namespace djm {

using store::rc;

void record_look::heard_of(const std::string& path, step s) {
  if (path == life_.tree.jobs_version()) {
    look_now(s);
  }
}

void record_look::start(keeper_effects& out) {
  at_.reset();
  read_batch ask;
  const auto version = ask.get(life_.tree.jobs_version(), true);
  store_.read(keeper_topic::looking_at_records, ask, false, out, this, &record_look::apply, version);
}

void record_look::apply(const read_slot& version, step s, keeper_effects&) {
  put_off(s);
  offers_.records_in_doubt();
  if (version->code != rc::ok) {
    return; // who looks after the base makes it anew
  }
  const auto path = life_.tree.jobs_version();
  const auto now = store::read_payload<store::jobs_version_payload>(*version, path).value;
  const auto changed = now && seen_ ? store::changed_since(*now, version->stat.version, *seen_) : std::nullopt;
  if (changed) {
    for (const auto& job : *changed) {
      if (auto* o = offers_.find(job)) {
        o->record.outdated();
      }
    }
  } else {
    offers_.records_outdated(); // the first look, or one after too many changes
  }
  seen_ = version->stat.version;
}

} // namespace djm
