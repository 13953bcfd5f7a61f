#pragma once

#include <string>
#include <type_traits>
#include <variant>

#include "actors/keeper/keeper_parts.hpp"
#include "test/unit/cores/keeper_rig.hpp"

/// What the tests of the keeper's activities share.
namespace djm::test {

using std::chrono::seconds;

inline step at_second(int n) {
  return step{time_point{} + std::chrono::hours{1} + seconds{n}, 1, 0};
}

inline keeper_config config(bool has_joined = false) {
  keeper_config c;
  c.config.id = "w";
  c.config.store.root = "/djm";
  c.incarnation = "i1";
  c.has_joined = has_joined;
  return c;
}

/// What effects say, but for events and log lines.
inline std::string said(const keeper_effects& effects) {
  std::string text;
  for (const auto& e : effects) {
    std::visit(
      [&](const auto& x) {
        using effect = std::decay_t<decltype(x)>;
        if constexpr (!std::is_same_v<effect, emit_effect> && !std::is_same_v<effect, log_effect>) {
          text += (text.empty() ? "" : "; ") + show(x);
        }
      },
      e);
  }
  return text;
}

inline store::session_view view(store::session_phase p, std::uint64_t number) {
  store::session_view v;
  v.phase = p;
  v.number = number;
  v.id = 7;
  v.timeout = seconds{10};
  return v;
}

inline store::pool_payload pool_of(const node_id& writer, store::zxid_t wish) {
  store::pool_payload p;
  p.last_writer = writer;
  p.writer_incarnation = writer + "-1";
  p.wish = wish;
  return p;
}

/// `workers/w` as a read shows it.
inline store::read_result registered(const std::string& incarnation, store::zxid_t in) {
  store::worker_payload w;
  w.incarnation = incarnation;
  store::read_result r;
  r.data = store::encode(w);
  r.stat.mzxid = in;
  return r;
}

/// Asks the claim about a registration that names this incarnation.
inline bool superseded(keeper_parts& p, const std::string& incarnation, bool alive_is_ours = false) {
  store::worker_payload w;
  w.incarnation = incarnation;
  return p.claim.superseded(registered(incarnation, 5), w, alive_is_ours);
}

} // namespace djm::test
