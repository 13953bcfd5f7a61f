#include "test/sim/slot_book.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "djm/time.hpp"

namespace djm::sim {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
/// A grant is told a little after it is decided.
constexpr std::int64_t news_ms = 1000;

wall_time instant(std::int64_t ms) {
  return wall_time{std::chrono::milliseconds{ms}};
}

std::string show(std::int64_t ms) {
  return format_time(instant(ms));
}

} // namespace

std::string slot_book::name_of(const key& k) {
  return fmt::format("{}/{} on process {}", std::get<1>(k), std::get<2>(k), std::get<0>(k));
}

std::optional<std::int64_t> slot_book::next(const rule& r, std::int64_t slot) {
  const auto n = r.table.next(instant(slot));
  return n ? std::optional{slot_id(*n)} : std::nullopt;
}

/// Whether a slot between these two is that came after the grant. One before it, by a clock that was set, may have had
/// its run elsewhere; so may one in the millisecond of the grant, for nodes know their clock more exactly than we do.
bool slot_book::is_missing(const rule& r, const turn& t, std::int64_t last, std::int64_t slot) {
  const auto n = next(r, std::max(last, t.granted_ms));
  return n && *n < slot;
}

void slot_book::told(host h, const event& what, std::int64_t wall_ms, const complaint& say) {
  if (const auto* g = std::get_if<items_granted>(&what)) {
    for (const auto& item : g->items) {
      turns_[{h, g->job, item.id}] = {wall_ms, {}, {}, 0, false, false};
    }
  } else if (const auto* v = std::get_if<items_revoked>(&what)) {
    for (const auto& item : v->items) {
      turns_.erase({h, v->job, item});
    }
  } else if (const auto* s = std::get_if<run_started>(&what); s != nullptr && s->slot) {
    const auto r = jobs_.find(s->job);
    for (const auto& item : s->items) {
      if (r != jobs_.end()) {
        started({h, s->job, item.id}, *s->slot, s->attempt, r->second, say);
      }
    }
  } else if (const auto* k = std::get_if<slots_skipped>(&what)) {
    if (const auto r = jobs_.find(k->job); r != jobs_.end() && r->second.own) {
      skipped({h, k->job, k->item}, *k, r->second, say);
    }
  }
}

void slot_book::started(const key& k, std::int64_t slot, std::uint32_t attempt, const rule& r, const complaint& say) {
  ++starts_;
  const auto i = turns_.find(k);
  if (i == turns_.end()) {
    return; // I7 is for others to see
  }
  auto& t = i->second;
  if (attempt > 1) {
    if (t.started != slot || attempt != t.attempt + 1) {
      say("S2", fmt::format("{} starts attempt {} of slot {} after attempt {} of {}", name_of(k), attempt, show(slot),
                            t.attempt, t.started ? show(*t.started) : "none"));
    }
    t.attempt = attempt;
    return;
  }
  const bool loose = std::exchange(t.loose, false);
  const auto last = std::exchange(t.last, slot);
  t.started = slot;
  t.attempt = attempt;
  if (loose) {
    return;
  }
  if (last && slot <= *last) {
    say(slot == *last ? "S2" : "S1", fmt::format("{} starts slot {} after {}", name_of(k), show(slot), show(*last)));
  } else if (last && r.own && is_missing(r, t, *last, slot)) {
    say("S4", fmt::format("{} starts slot {} after {}: what is between them is silently missing", name_of(k),
                          show(slot), show(*last)));
  }
  if (!last && !t.clock_moved && slot + hour_ms < t.granted_ms - news_ms) {
    say("S1", fmt::format("{} starts slot {}, of long before it was granted", name_of(k), show(slot)));
  }
}

void slot_book::skipped(const key& k, const slots_skipped& x, const rule& r, const complaint& say) {
  ++skips_;
  const auto i = turns_.find(k);
  if (i == turns_.end()) {
    return;
  }
  auto& t = i->second;
  const bool loose = std::exchange(t.loose, false);
  const auto last = std::exchange(t.last, x.last);
  std::uint64_t n = 1;
  for (auto s = next(r, x.first); s && *s <= x.last && n <= x.count; s = next(r, *s)) {
    ++n;
  }
  constexpr std::uint64_t uncounted = 10'000; // from there on nodes do not count
  if (x.last < x.first || (x.count < uncounted ? n != x.count : n < x.count)) {
    say("S4", fmt::format("{} tells of {} slots from {} to {}, and there are {}", name_of(k), x.count, show(x.first),
                          show(x.last), n));
  }
  if (last && !loose && (x.first <= *last || is_missing(r, t, *last, x.first))) {
    say(x.first <= *last ? "S1" : "S4", fmt::format("{} leaves out slot {} ({}) after {}", name_of(k), show(x.first),
                                                    enum_text(x.reason), show(*last)));
  }
}

void slot_book::clock_set(host h, std::int64_t wall_ms) {
  for (auto& [k, t] : turns_) {
    if (std::get<0>(k) == h) {
      t.clock_moved = true;
      t.loose = t.loose || (t.last && *t.last - wall_ms > 23 * hour_ms);
    }
  }
}

void slot_book::gone(host h) {
  for (auto i = turns_.begin(); i != turns_.end();) {
    i = std::get<0>(i->first) == h ? turns_.erase(i) : std::next(i);
  }
}

} // namespace djm::sim
