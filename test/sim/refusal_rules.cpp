#include "test/sim/refusal_rules.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "djm/time.hpp"
#include "zkstore/payloads.hpp"

namespace djm::sim {

void refusal_rules::sees(const store::node_change& change, const tree_event& e, const tree_image& image,
                         const std::function<duration(const std::string&, duration)>& to_world, bool own, bool lawless,
                         time_point now, const complaint& say) {
  if (e.worker != "refusals") {
    return;
  }
  if (change.what == store::node_change::kind::create) {
    if (const auto p = store::decode<store::refusal_payload>(change.data, change.path); p && !lawless) {
      for (const auto& item : p->items) {
        ++counted_;
        const std::pair key{p->incarnation, p->job + '/' + item};
        const auto d = declined_.find(key);
        auto& until = until_[key];
        until = std::max(until, (d == declined_.end() ? now : d->second) +
                                  to_world(p->incarnation, std::chrono::milliseconds{p->for_ms}));
      }
    }
    return;
  }
  const auto r = image.refusals().find(e.key);
  if (r == image.refusals().end() || lawless || own) {
    return;
  }
  const auto a = image.alive().find(r->second.worker);
  if (a != image.alive().end() && a->second.incarnation == r->second.incarnation) {
    say(fmt::format("somebody else takes back {}, whose life goes on", change.path));
  }
}

void refusal_rules::run_began(const std::string& incarnation, const std::string& key, time_point now,
                              const complaint& say) const {
  constexpr auto slack = std::chrono::milliseconds{10}; // for rounding between clocks
  const auto u = until_.find({incarnation, key});
  if (u != until_.end() && now + slack < u->second) {
    say(fmt::format("{} runs {}, which it has refused for another {}", incarnation, key,
                    format_duration(u->second - now)));
  }
}

} // namespace djm::sim
