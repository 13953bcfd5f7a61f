#include "actors/node/event_desk.hpp"

#include <utility>

#include "actors/common/open_problems.hpp"

namespace djm {

namespace {

std::string text_of(const run_overrun& o) {
  return "job \"" + o.job + "\": run " + std::to_string(o.run) +
         (o.past_deadline ? " goes on beyond the deadline: its items may run elsewhere"
                          : " goes on although it was asked to stop stop_grace ago");
}

std::string text_of(const job_paused& p) {
  return "job \"" + p.job +
         "\" is paused on this node until resume_here, because too many slots in a row failed: " + p.what;
}

std::string text_of(const slots_skipped& x) {
  const auto when = [](std::int64_t ms) { return format_time(wall_time{std::chrono::milliseconds{ms}}); };
  return "job \"" + x.job + "\"" + (x.item.empty() ? "" : ", item \"" + x.item + "\"") + ": " +
         (x.count == 1 ? "slot " + when(x.first)
                       : std::to_string(x.count) + " slots from " + when(x.first) + " to " + when(x.last)) +
         (x.count == 1 ? " has no run of its own: " : " have no runs of their own: ") + to_string(x.reason);
}

std::string text_of(const slot_interrupted& x) {
  return "job \"" + x.job + "\", item \"" + x.item + "\": attempt " + std::to_string(x.attempt) + " of slot " +
         format_time(wall_time{std::chrono::milliseconds{x.slot}}) + " was cut off with node \"" + x.by + "\"; " +
         (x.again ? "there will be another one" : "there is no other one");
}

} // namespace

bool has_an_end(const event& what) {
  const auto* starved = std::get_if<item_starved>(&what);
  const auto* parked = std::get_if<items_parked>(&what);
  const auto* paused = std::get_if<job_paused>(&what);
  return std::holds_alternative<problem>(what) || std::holds_alternative<pool_problem>(what) ||
         std::holds_alternative<run_overrun>(what) || std::holds_alternative<items_granted>(what) ||
         std::holds_alternative<connection_changed>(what) || std::holds_alternative<leader_changed>(what) ||
         (starved != nullptr && !starved->over) || (parked != nullptr && !parked->over) ||
         (paused != nullptr && !paused->over);
}

event_desk::outcome event_desk::happened(event what, moment at) {
  outcome out;
  if (note(what, at, out)) {
    tell(std::move(what), at, out);
  }
  return out;
}

event_desk::outcome event_desk::component_over(const std::string& component, moment at) {
  outcome out;
  tell_all(problems_.component_over(component, at.unix_ms), at, out);
  return out;
}

event_desk::outcome event_desk::job_over(const job_id& job, moment at) {
  outcome out;
  tell_all(problems_.job_over(job, at.unix_ms), at, out);
  return out;
}

std::vector<event> event_desk::how_things_stand() const {
  std::vector<event> all;
  if (connection_) {
    all.emplace_back(*connection_);
  }
  if (leader_) {
    all.emplace_back(*leader_);
  }
  for (auto& p : problems_.status()) {
    if (p.ended_ms == 0) {
      all.emplace_back(problem{std::move(p.component), {p.code, std::move(p.text)}, std::move(p.about)});
    }
  }
  return all;
}

// -- problems -----------------------------------------------------------------------

/// What the status says of problems. False: those who listen know it already.
bool event_desk::note(const event& what, moment at, outcome& out) {
  if (const auto* p = std::get_if<problem>(&what)) {
    return problems_.happened(*p, at.unix_ms);
  }
  if (const auto* o = std::get_if<problem_over>(&what)) {
    return problems_.over(o->component, o->about, at.unix_ms);
  }
  if (const auto* q = std::get_if<pool_problem>(&what)) {
    static_cast<void>(problems_.happened({"job_runner", q->why, about_job(pool_function, q->job)}, at.unix_ms));
  }
  if (const auto* i = std::get_if<item_starved>(&what)) {
    note_starved(*i, at, out);
  }
  if (const auto* i = std::get_if<items_parked>(&what)) {
    note_parked(*i, at, out);
  }
  if (const auto* p = std::get_if<job_paused>(&what)) {
    note_over("the job", p->job, p->over, {errc::too_many_failures, text_of(*p)}, at, out);
  }
  if (const auto* r = std::get_if<run_overrun>(&what)) {
    static_cast<void>(problems_.happened({"job_runner", {errc::user_code_hangs, text_of(*r)}, {}}, at.unix_ms));
  }
  return true;
}

void event_desk::note_starved(const item_starved& i, moment at, outcome& out) {
  for (const auto& item : i.items) {
    note_over("item \"" + item + "\"", i.job, i.over,
              {errc::timed_out, "job \"" + i.job + "\": item \"" + item + "\" is in no run"}, at, out);
  }
}

void event_desk::note_parked(const items_parked& i, moment at, outcome& out) {
  for (const auto& item : i.items) {
    note_over(
      "parked item \"" + item + "\"", i.job, i.over,
      {errc::too_many_failures, "job \"" + i.job + "\": item \"" + item +
                                  "\" is parked until release_item, because it failed again and again: " + i.what},
      at, out);
  }
}

/// A problem of a job that begins, or is over.
void event_desk::note_over(const std::string& what, const job_id& job, bool over, error why, moment at, outcome& out) {
  const auto about = about_job(what, job);
  if (!over) {
    static_cast<void>(problems_.happened({"job_runner", std::move(why), about}, at.unix_ms));
  } else if (problems_.over("job_runner", about, at.unix_ms)) {
    tell(problem_over{"job_runner", about}, at, out); // whoever came later has heard of a problem
  }
}

void event_desk::tell_all(std::vector<problem_over> what, moment at, outcome& out) {
  for (auto& o : what) {
    tell(std::move(o), at, out);
  }
}

void event_desk::tell(event what, moment at, outcome& out) {
  if (const auto* c = std::get_if<connection_changed>(&what)) {
    connection_ = *c;
  } else if (const auto* l = std::get_if<leader_changed>(&what)) {
    leader_ = *l;
  }
  if (auto line = line_of(what); line && may_say(what, at.now)) {
    out.log.push_back(std::move(*line));
  }
  out.tell.push_back(std::move(what));
}

// -- the log ------------------------------------------------------------------------

/// Most events are for those who subscribe.
std::optional<log_record> event_desk::line_of(const event& what) const {
  const auto line = [&](log_level level, std::string component, std::string text) {
    return log_record{level, node_, std::move(component), std::move(text), {}};
  };
  if (const auto* p = std::get_if<problem>(&what)) {
    return line(log_level::warning, p->component, to_string(p->why));
  }
  if (const auto* o = std::get_if<problem_over>(&what)) {
    return line(log_level::info, o->component, "over: " + o->about);
  }
  if (const auto* x = std::get_if<connection_changed>(&what)) {
    return line(log_level::info, "keeper", to_string(x->state) + " (" + store_ + ")");
  }
  if (const auto* q = std::get_if<pool_problem>(&what)) {
    return line(log_level::warning, "runner", to_string(q->why));
  }
  if (const auto* f = std::get_if<run_failed>(&what)) {
    return line(log_level::warning, "runner", "job \"" + f->job + "\": run failed: " + f->what);
  }
  if (const auto* t = std::get_if<run_timed_out>(&what)) {
    return line(log_level::warning, "runner",
                "job \"" + t->job + "\": run " + std::to_string(t->run) +
                  (t->silent ? " has been silent for beat_timeout" : " has taken run_timeout") +
                  " and is asked to stop");
  }
  if (const auto* i = std::get_if<items_parked>(&what); i != nullptr && !i->over) {
    return line(log_level::warning, "runner",
                "job \"" + i->job + "\": " + std::to_string(i->items.size()) +
                  " items are parked until release_item: " + i->what);
  }
  if (const auto* p = std::get_if<job_paused>(&what); p != nullptr && !p->over) {
    return line(log_level::warning, "runner", text_of(*p));
  }
  if (const auto* p = std::get_if<job_prepared>(&what)) {
    return line(log_level::info, "runner",
                "job \"" + p->job + "\" is prepared (" + std::to_string(p->generation) + ")");
  }
  if (const auto* x = std::get_if<slots_skipped>(&what)) {
    return line(log_level::info, "runner", text_of(*x));
  }
  if (const auto* x = std::get_if<slot_interrupted>(&what)) {
    return line(log_level::warning, "runner", text_of(*x));
  }
  if (const auto* l = std::get_if<lease_ended>(&what)) {
    return line(log_level::warning, "runner",
                "job \"" + l->job + "\": the store has been out of reach for too long: " +
                  std::to_string(l->runs.size()) + " runs were asked to stop");
  }
  if (const auto* o = std::get_if<run_overrun>(&what)) {
    return line(log_level::error, "runner", text_of(*o));
  }
  if (const auto* r = std::get_if<restart_wanted>(&what)) {
    return line(log_level::warning, "runner", "a restart is wanted: " + r->why);
  }
  if (const auto* m = std::get_if<model_changed>(&what)) {
    std::string parts;
    for (const auto p : m->what) {
      parts.append(parts.empty() ? "" : ", ").append(to_string(p));
    }
    return line(log_level::info, "manager", "changed in the cluster: " + parts);
  }
  return std::nullopt;
}

/// A job whose runs fail all the time has its lines, and not the whole log.
bool event_desk::may_say(const event& what, time_point now) {
  if (const auto* f = std::get_if<run_failed>(&what)) {
    return limiter_.may_say("failed runs", f->job, now);
  }
  if (const auto* o = std::get_if<run_overrun>(&what)) {
    return limiter_.may_say("overruns", o->job, now);
  }
  if (const auto* l = std::get_if<lease_ended>(&what)) {
    return limiter_.may_say("ends of the lease", l->job, now);
  }
  if (const auto* t = std::get_if<run_timed_out>(&what)) {
    return limiter_.may_say("runs that took too long", t->job, now);
  }
  if (const auto* x = std::get_if<slots_skipped>(&what)) {
    return limiter_.may_say("slots without a run", x->job, now);
  }
  if (const auto* x = std::get_if<slot_interrupted>(&what)) {
    return limiter_.may_say("runs that were cut off", x->job, now);
  }
  if (const auto* q = std::get_if<pool_problem>(&what)) {
    return limiter_.may_say("problems of the pool function", q->job, now);
  }
  return true;
}

std::vector<log_record> event_desk::left_out(time_point now) {
  std::vector<log_record> lines;
  for (const auto& x : limiter_.due(now)) {
    lines.push_back({log_level::warning,
                     node_,
                     "runner",
                     "job \"" + x.job + "\": " + std::to_string(x.lines) + " more " + x.kind +
                       " in the last minute were left out of the log",
                     {}});
  }
  return lines;
}

} // namespace djm
