#include "actors/node/why_not_ready.hpp"

#include <doctest/doctest.h>

using namespace djm;

namespace {

node_status joined() {
  node_status s;
  s.state = node_lifecycle::running;
  s.connection.phase = registration_phase::joined;
  s.connection.session = session_phase::connected;
  s.worker.joined = true;
  return s;
}

} // namespace

TEST_CASE("why not ready: the first of what a node waits for, with what is known of it") {
  node_status s;
  s.state = node_lifecycle::starting;
  s.connection.phase = registration_phase::detached;
  s.connection.session = session_phase::connecting;
  CHECK(why_not_ready(s) == "it is not connected (the session is connecting, the registration detached)");
  s.connection.last_problem = "nobody is there";
  CHECK(why_not_ready(s) ==
        "it is not connected (the session is connecting, the registration detached; nobody is there)");
  s = joined();
  s.connection.session = session_phase::suspended;
  CHECK(why_not_ready(s) == "it is not connected (the session is suspended, the registration joined)");
  s = joined();
  CHECK(why_not_ready(s) == "it reads what is assigned to it");
  s.unanswered = {"manager", "worker"};
  CHECK(why_not_ready(s) == "its worker does not answer: it is busy, or being built anew");
  s = joined();
  s.worker.assigned = 3;
  s.worker.locked = 1;
  CHECK(why_not_ready(s) == "1 of 3 items that are assigned to it are locked");
  s.worker.waiting = {{"mail/eu", "n2"}, {"mail/us", ""}};
  s.worker.unknown_jobs = 1;
  CHECK(why_not_ready(s) ==
        "1 of 3 items that are assigned to it are locked; mail/eu is still held by n2; 1 are of jobs that "
        "it does not know");
  s.worker.waiting = {{"mail/us", ""}};
  s.worker.unknown_jobs = 0;
  CHECK(why_not_ready(s) == "1 of 3 items that are assigned to it are locked; mail/us is still held");
  s.state = node_lifecycle::stopping;
  CHECK(why_not_ready(s) == "it is stopping");
}
