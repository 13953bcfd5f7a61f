#include "actors/keeper/connection_watch.hpp"

#include <algorithm>

namespace djm {

void connection_watch::missed(step s) {
  if (!complain_at_) {
    complain_at_ = s.now + cfg_.registration_timeout;
  }
  if (const duration patience = cfg_.registration_give_up; patience > duration::zero() && !give_up_at_) {
    give_up_at_ = s.now + patience;
  }
}

std::optional<time_point> connection_watch::due() const {
  return complain_at_ && give_up_at_ ? std::min(*complain_at_, *give_up_at_)
         : complain_at_              ? complain_at_
                                     : give_up_at_;
}

/// Checked at the start with the timeout we asked for; the server decides which one we get.
void connection_watch::granted(duration timeout, keeper_effects& out) {
  if (cfg_.stop_grace > longest_stop_grace(cfg_, timeout)) {
    store_.complain("session timeout",
                    {errc::invalid_config, "the server granted a session timeout of " + format_duration(timeout) +
                                             " instead of " + format_duration(cfg_.store.session_timeout) +
                                             ": stop_grace " + format_duration(cfg_.stop_grace) +
                                             " does not fit it any more, runs may not start"},
                    out);
  } else {
    store_.relieve("session timeout", out);
  }
}

void connection_watch::over(keeper_effects& out) {
  complain_at_.reset();
  give_up_at_.reset();
  store_.relieve("connection", out);
}

void connection_watch::on_wake(step s, keeper_effects& out) {
  if (complain_at_ && s.now >= *complain_at_) {
    complain_at_.reset();
    store_.complain("connection",
                    {errc::not_connected, "node \"" + cfg_.id + "\" is not connected to \"" + cfg_.store.connect +
                                            "\" after " + format_duration(cfg_.registration_timeout) +
                                            "; still trying"},
                    out);
  }
  if (give_up_at_ && s.now >= *give_up_at_) {
    give_up_at_.reset();
    store_.give_up({errc::not_connected, "node \"" + cfg_.id + "\" has not been registered at \"" + cfg_.store.connect +
                                           "\" for " + format_duration(cfg_.registration_give_up) +
                                           ", and registration_give_up ends it then"},
                   out);
  }
}

} // namespace djm
