#include "actors/keeper/keeper_core.hpp"

/// What the keeper tells of itself.
namespace djm {

keeper_status keeper_core::status() const {
  const auto& p = *parts_;
  keeper_status st;
  st.phase = p.member.phase();
  st.session = p.store.session().phase;
  st.session_number = p.store.session().number;
  st.session_timeout = p.store.session().timeout;
  st.incarnation = p.life.cfg.incarnation;
  st.last_problem = p.store.problems().latest();
  st.counters = p.life.counters;
  return st;
}

} // namespace djm
