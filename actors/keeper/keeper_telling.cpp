#include "actors/keeper/keeper_core.hpp"

#include <utility>

/// What the keeper tells of itself.
namespace djm {

void keeper_core::give_up(error why, effects& out) {
  phase_ = phase::failed;
  store_.problems().tell("failure", why, out);
  out.push_back(stop_probing{});
  connection(connection_state::stopped, out);
  out.push_back(failed{std::move(why)});
}

void keeper_core::connection(connection_state state, effects& out) {
  out.push_back(emit_effect{connection_changed{state}});
}

/// What was tried in vain may have been written although its outcome got lost, or nobody wants it any more.
void keeper_core::nothing_left(bool no_pools, effects& out) {
  store_.works(subject_of(doing::writing_base), out);
  if (no_pools) {
    store_.works(subject_of(doing::writing_pools), out);
  }
  if (phase_ == phase::joined && !registration_dirty_) {
    store_.works(subject_of(doing::writing_registration), out);
    if (no_pools) {
      store_.relieve("commit", out);
    }
  }
}

const char* keeper_core::subject_of(doing d) {
  switch (d) {
  case doing::writing_root:
  case doing::writing_base: return "making what is missing of the tree";
  case doing::writing_pools: return "writing the pools of jobs";
  case doing::writing_registration: return "writing the registration";
  case doing::writing_leave: return "leaving";
  default: return "reading the tree";
  }
}

keeper_status keeper_core::status() const {
  keeper_status st;
  st.phase = phase_;
  st.session = session_.phase;
  st.session_number = session_.number;
  st.session_timeout = session_.timeout;
  st.incarnation = cfg_.incarnation;
  st.last_problem = store_.problems().latest();
  st.counters = counters_;
  return st;
}

} // namespace djm
