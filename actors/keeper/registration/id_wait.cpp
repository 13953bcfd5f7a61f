#include "actors/keeper/registration/id_wait.hpp"

#include <chrono>

namespace djm {

void id_wait::start(const store::read_result& alive, const std::optional<store::alive_payload>& shown, step s) {
  if (shown && shown->incarnation == life_.cfg.incarnation) {
    // An earlier session of ours that the server has not ended yet. What it still has under way checks that we are
    // alive; it must find us gone, not back.
    by_.reset();
  } else {
    if (!by_) {
      // A predecessor that crashed is gone after its session timeout; one that stays is alive.
      const auto timeout = store_.session().timeout;
      by_ = other_life{s.now + timeout + timeout / 2 + std::chrono::seconds{1}, {}};
    }
    by_->described = shown ? "incarnation " + shown->incarnation + " (host " + shown->host + ", pid " +
                               std::to_string(shown->pid) + ")"
                           : "an unreadable registration";
  }
  member_.id_held();
  if (!alive.watched) {
    store_.retry(s);
    member_.holder_gone();
  }
}

void id_wait::heard_of(const std::string& path) {
  if (member_.is(registration_phase::waiting_for_id) && path == life_.tree.alive(life_.id())) {
    store_.retry_now();
    member_.holder_gone();
  }
}

void id_wait::on_wake(step s, keeper_effects& out) {
  if (by_ && s.now >= by_->until && member_.is(registration_phase::waiting_for_id)) {
    store_.give_up({errc::node_id_in_use, "node id \"" + life_.id() + "\" is in use by a live process: " +
                                            by_->described + " holds " + life_.tree.alive(life_.id())},
                   out);
  }
}

} // namespace djm
