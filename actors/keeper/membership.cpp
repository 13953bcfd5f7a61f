#include "actors/keeper/membership.hpp"

#include <utility>

namespace djm {

using phase = registration_phase;

void membership::begin(bool prepared, keeper_effects& out) {
  phase_ = leave_ ? phase::left : prepared ? phase::pools : phase::preparing;
  if (leave_) {
    out.push_back(keeper_left{});
  }
}

void membership::session_over(keeper_effects& out) {
  if (phase_ != phase::detached) {
    phase_ = phase::detached;
    out.push_back(keeper_stop_probing{});
    tell_connection(connection_state::lost, out);
  }
  if (leave_) {
    phase_ = phase::left;
    out.push_back(keeper_left{});
  }
}

void membership::base_there() {
  if (phase_ == phase::preparing) {
    phase_ = phase::pools;
  }
}

void membership::base_in_doubt() {
  if (phase_ == phase::pools || phase_ == phase::registering) {
    phase_ = phase::preparing;
  }
}

void membership::pools_done() {
  if (phase_ == phase::pools) {
    phase_ = phase::registering;
  }
}

void membership::holder_gone() {
  if (phase_ == phase::waiting_for_id) {
    phase_ = phase::registering;
  }
}

void membership::join(std::uint64_t number, const std::string& path, std::string data, keeper_effects& out) {
  phase_ = phase::joined;
  tell_connection(has_joined_ ? connection_state::reconnected : connection_state::connected, out);
  has_joined_ = true;
  out.push_back(keeper_joined{number, std::move(data)});
  out.push_back(keeper_start_probing{number, path});
}

bool membership::lost(keeper_effects& out) {
  if (phase_ != phase::joined) {
    return false;
  }
  phase_ = phase::registering;
  out.push_back(keeper_stop_probing{});
  out.push_back(keeper_unjoined{});
  return true;
}

void membership::leave(bool connected, keeper_effects& out) {
  leave_ = true;
  if (phase_ == phase::left) {
    out.push_back(keeper_left{});
  } else if (!connected || (phase_ != phase::joined && phase_ != phase::leaving)) {
    // Nothing to take back, or nobody to tell: the session's end does it.
    phase_ = phase::left;
    out.push_back(keeper_stop_probing{});
    out.push_back(keeper_left{});
  }
}

void membership::left(keeper_effects& out) {
  phase_ = phase::left;
  out.push_back(keeper_stop_probing{});
  tell_connection(connection_state::stopped, out);
  out.push_back(keeper_left{});
}

void membership::failed(error why, keeper_effects& out) {
  out.push_back(keeper_stop_probing{});
  tell_connection(connection_state::stopped, out);
  out.push_back(keeper_failed{std::move(why)});
}

} // namespace djm
