#include "test/sim/judge.hpp"

#include <fmt/format.h>

/// What nodes say of themselves, held against what they do.
namespace djm::sim {

void judge::tried(const process& p, const std::string& component, const std::string& what, bool committed,
                  time_point now) {
  if (patience_.tried(p.number(), component, what, committed, now)) {
    say(
      "I10", now,
      fmt::format("the {} of {} has tried {} in vain for a minute, and shows no problem", component, name_of(p), what));
  }
}

void judge::memory_settled(std::int64_t wall_ms, time_point now) {
  memory_.settled(wall_ms, [&](const char* invariant, std::string text) { say(invariant, now, std::move(text)); });
}

void judge::told(const process& p, const event& what, time_point now) {
  patience_.told(p.number(), what, now);
  if (const auto* x = std::get_if<problem>(&what);
      x && x->why.text.find("failed and is rebuilt") != std::string::npos) {
    debts_.hindered(now); // a part that is made anew knows nothing of what was before
  }
  auto& h = hosts_[p.number()];
  if (!h.deadline || *h.deadline - now < start_margin) {
    turns_.anew(p.number(), now);
  }
  room_.told(p.number(), p.node(), what, image_, now, [&](std::string text) { say("I3", now, std::move(text)); });
  turns_.told(p.number(), what, now, [&](std::string text) { say("I3", now, std::move(text)); });
  slots_.told(p.number(), what, std::chrono::duration_cast<std::chrono::milliseconds>(p.wall()).count(),
              [&](const char* invariant, std::string text) { say(invariant, now, std::move(text)); });
  if (const auto* model = std::get_if<model_changed>(&what)) {
    model_.told(*model);
  }
  const auto right = std::chrono::duration_cast<std::chrono::milliseconds>(p.wall() - p.wall_error());
  memory_.told(p.number(), what, std::chrono::duration_cast<std::chrono::milliseconds>(p.wall()).count(),
               right.count() + memory_.store_error_ms(),
               [&](const char* invariant, std::string text) { say(invariant, now, std::move(text)); });
  if (const auto* granted = std::get_if<items_granted>(&what)) {
    for (const auto& item : granted->items) {
      h.revoked.erase(granted->job + '/' + item.id);
    }
  } else if (const auto* revoked = std::get_if<items_revoked>(&what)) {
    for (const auto& item : revoked->items) {
      h.revoked.insert(revoked->job + '/' + item);
    }
  } else if (const auto* run = std::get_if<run_started>(&what)) {
    if (h.revoked.empty()) {
      return;
    }
    for (const auto& item : run->items) {
      if (h.revoked.count(run->job + '/' + item.id) > 0) {
        say("I7", now,
            fmt::format("{} starts run {} with {}/{} after its revocation", name_of(p), run->run, run->job, item.id));
      }
    }
  } else if (const auto* trouble = std::get_if<problem>(&what)) {
    if (trouble->why.text.find("failed and is rebuilt") == std::string::npos) {
      return;
    }
    if (h.failures_expected > 0) {
      --h.failures_expected;
    } else {
      say("I10", now, fmt::format("{}: {}", name_of(p), trouble->why.text));
    }
  }
}

/// Who has noted down what the cluster is: what it was about to tell of it is lost with it.
void judge::note_model_writer(store::session_id_t session) {
  if (model_.epoch() == model_writer_) {
    return;
  }
  model_writer_ = model_.epoch();
  for (const auto& [id, life] : image_.alive()) {
    for (auto& [number, h] : hosts_) {
      if (life.session == session && h.incarnation == life.incarnation) {
        h.epoch = model_writer_;
        if (h.dead) {
          model_.died(h.epoch);
        }
      }
    }
  }
}

void judge::state_asked(std::uint64_t number, const state_request& what) {
  const auto save =
    what.save ? std::optional{std::string(what.save->data.begin(), what.save->data.end())} : std::nullopt;
  states_.asked(number, what.item, save);
}

void judge::state_told(const process& p, std::uint64_t number, const state_reply::answer& what, time_point now) {
  if (!hosts_[p.number()].former) {
    states_.told(number, what, [&](std::string text) { say("I2", now, name_of(p) + ": " + text); });
  }
}

// -- refusals --------------------------------------------------------------------

void judge::item_declined(const process& p, run_id run, const item_id& item, time_point now) {
  const auto i = runs_.find({p.number(), run});
  if (i == runs_.end()) {
    return;
  }
  for (const auto& [n, token] : i->second.items) {
    const auto& key = items_[n].key;
    if (key.size() > item.size() && key.compare(key.size() - item.size() - 1, std::string::npos, '/' + item) == 0) {
      refusals_.declined(p.incarnation(), key, now);
    }
  }
}

/// How long a duration takes in the world by the clock of that life.
duration judge::in_world(const std::string& incarnation, duration length) const {
  for (const auto& [number, h] : hosts_) {
    if (h.incarnation == incarnation && h.p != nullptr) {
      return h.p->to_world(length);
    }
  }
  return duration::zero();
}

/// Whether the session is that of the life that has written the refusal.
bool judge::is_of_life(const tree_event& e, store::session_id_t session) const {
  const auto r = image_.refusals().find(e.key);
  if (e.worker != "refusals" || r == image_.refusals().end()) {
    return false;
  }
  const auto a = image_.alive().find(r->second.worker);
  return a != image_.alive().end() && a->second.session == session && a->second.incarnation == r->second.incarnation;
}

} // namespace djm::sim
