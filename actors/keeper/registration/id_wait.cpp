#include "actors/keeper/registration/id_wait.hpp"

#include <chrono>

namespace djm {

void id_wait::start(const store::read_result& alive, const std::optional<store::alive_payload>& shown, step s) {
  if (shown && shown->incarnation == life_.cfg.incarnation) {
    // An earlier session of ours that the server has not ended yet. What it still has under way checks that we are
    // alive; it must find us gone, not back.
    until_.reset();
  } else {
    if (!until_) {
      // A predecessor that crashed is gone after its session timeout; one that stays is alive.
      const auto timeout = store_.session().timeout;
      until_ = s.now + timeout + timeout / 2 + std::chrono::seconds{1};
    }
    holder_ = shown ? "incarnation " + shown->incarnation + " (host " + shown->host + ", pid " +
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
  if (until_ && s.now >= *until_ && member_.is(registration_phase::waiting_for_id)) {
    store_.give_up({errc::node_id_in_use, "node id \"" + life_.id() + "\" is in use by a live process: " + holder_ +
                                            " holds " + life_.tree.alive(life_.id())},
                   out);
  }
}

} // namespace djm
