#include "suite.hpp"

#include <algorithm>

using namespace djm;
using namespace djm::contract;

namespace {

bool gone(fixture& f, const std::string& path) {
  return f.session.must_read(exists(path), true).code == rc::no_node;
}

/// Waits until a node is gone, told by a watch.
void wait_gone(fixture& f, const std::string& path) {
  if (f.session.must_read(exists(path, true), true).code == rc::no_node) {
    return;
  }
  while (f.session.wait_watch().kind != watch_kind::deleted) {
  }
  CHECK(gone(f, path));
}

std::vector<session_phase> phases_of(const store_driver& s) {
  std::vector<session_phase> result;
  for (const auto& d : s.history()) {
    if (auto* changed = std::get_if<session_core::session_changed>(&d)) {
      result.push_back(changed->view.phase);
    }
  }
  return result;
}

} // namespace

TEST_CASE("contract: a session has a number, an id and the timeout that was asked for") {
  fixture f;
  const auto& view = f.session.view();
  CHECK(view.phase == session_phase::connected);
  CHECK(view.number == 1);
  CHECK(view.id != 0);
  CHECK(view.connects == 1);
  CHECK(view.timeout == f.store.options().session_timeout);
  CHECK(phases_of(f.session) == std::vector<session_phase>{session_phase::connecting, session_phase::connected});
}

TEST_CASE("contract: two sessions have different ids and see each other's work behind a barrier") {
  fixture f;
  store_driver other{f.store.factory(), f.store.options()};
  CHECK(other.view().id != f.session.view().id);
  for (int i = 0; i < 10; ++i) {
    f.commit({create(f.at(std::to_string(i)))});
    CHECK(other.must_read(exists(f.at(std::to_string(i))), true).code == rc::ok);
  }
}

TEST_CASE("contract: an ephemeral node names its session and goes when the session is closed") {
  fixture f;
  std::string path = f.at("e");
  {
    store_driver other{f.store.factory(), f.store.options()};
    other.must_commit(txn({create(path, "", create_mode::ephemeral)}));
    CHECK(f.session.must_read(get(path), true).stat.ephemeral_owner == other.view().id);
    other.close();
    other.wait_closed();
  }
  CHECK(gone(f, path));
}

TEST_CASE("contract: an ephemeral node survives a reconnect of its session") {
  fixture f;
  f.commit({create(f.at("e"), "", create_mode::ephemeral)});
  const auto before = f.session.view();
  f.store.break_connections();
  f.session.wait_announced(session_phase::suspended);
  f.session.wait_phase(session_phase::connected);
  CHECK(f.session.view().id == before.id);
  CHECK(f.session.view().number == before.number);
  CHECK(f.session.view().connects == 2);
  CHECK(f.session.must_read(get(f.at("e")), true).stat.ephemeral_owner == before.id);
}

TEST_CASE("contract: an expired session is announced, loses its ephemeral nodes, and another one follows") {
  fixture f;
  store_driver victim{f.store.factory(), f.store.options()};
  victim.must_commit(txn({create(f.at("e"), "", create_mode::ephemeral), create(f.at("p"))}));
  const auto before = victim.view();
  f.store.expire_session(before.id);
  victim.wait_announced(session_phase::expired);
  victim.wait_phase(session_phase::connected);
  CHECK(victim.view().number == before.number + 1);
  CHECK(victim.view().id != before.id);
  CHECK(victim.view().connects == 1);
  CHECK(victim.must_read(exists(f.at("e")), true).code == rc::no_node);
  CHECK(victim.must_read(exists(f.at("p")), true).code == rc::ok);
}

TEST_CASE("contract: no new session is opened before the server has declared the old one expired") {
  fixture f;
  store_driver victim{f.store.factory(), f.store.options()};
  f.store.expire_session(victim.view().id);
  victim.wait_announced(session_phase::expired);
  victim.wait_phase(session_phase::connected);
  auto phases = phases_of(victim);
  // The server may break the connection first.
  phases.erase(std::remove(phases.begin(), phases.end(), session_phase::suspended), phases.end());
  CHECK(phases == std::vector<session_phase>{session_phase::connecting, session_phase::connected,
                                             session_phase::expired, session_phase::connecting,
                                             session_phase::connected});
  CHECK(victim.counters().sessions == 2);
}

TEST_CASE("contract: a session whose process is gone ends after its timeout") {
  fixture f;
  {
    store_driver other{f.store.factory(), f.store.options()};
    other.must_commit(txn({create(f.at("e"), "", create_mode::ephemeral)}));
    other.drop();
  }
  CHECK(f.session.must_read(exists(f.at("e")), true).code == rc::ok);
  wait_gone(f, f.at("e"));
}

TEST_CASE("contract: a session that is idle for several timeouts lives on") {
  fixture f;
  store_driver idle{f.store.factory(), f.store.options()};
  f.commit({create(f.at("marker"), "", create_mode::persistent)});
  idle.must_commit(txn({create(f.at("e"), "", create_mode::ephemeral)}));
  {
    // The time is measured by a dropped session: its end takes one timeout at least.
    for (int i = 0; i < 2; ++i) {
      const auto path = f.at("clock" + std::to_string(i));
      store_driver clock{f.store.factory(), f.store.options()};
      clock.must_commit(txn({create(path, "", create_mode::ephemeral)}));
      clock.drop();
      wait_gone(f, path);
    }
  }
  CHECK(f.session.must_read(exists(f.at("e")), true).code == rc::ok);
  CHECK(idle.must_read(exists(f.at("e")), true).code == rc::ok);
  CHECK(idle.view().number == 1);
}

TEST_CASE("contract: what is asked of a closed session is answered at once") {
  fixture f;
  f.session.close();
  f.session.wait_closed();
  CHECK(f.session.view().phase == session_phase::closed);
  check_rejected(f.session.commit(txn({create(f.at("a"))})), errc::not_connected);
  CHECK(f.session.read({exists(f.root)}).status == read_status::failed);
}

TEST_CASE("contract: every question that is open at a close is answered") {
  fixture f;
  std::vector<std::uint64_t> commits;
  std::vector<std::uint64_t> reads;
  for (int i = 0; i < 50; ++i) {
    commits.push_back(f.session.start_commit(txn({create(f.at(std::to_string(i)))})));
    reads.push_back(f.session.start_read({get(f.root)}, i % 2 == 0));
  }
  f.session.close();
  for (const auto request : commits) {
    const auto outcome = f.session.wait_commit(request);
    INFO(to_text(outcome));
    const bool expected = std::holds_alternative<unknown>(outcome) || std::holds_alternative<session_lost>(outcome);
    CHECK(expected);
  }
  for (const auto request : reads) {
    CHECK(f.session.wait_read(request).status == read_status::session_lost);
  }
  f.session.wait_closed();
}

TEST_CASE("contract: a closed session can be followed by a new one") {
  fixture f;
  const auto before = f.session.view();
  f.session.close();
  f.session.open();
  f.session.wait_phase(session_phase::connected);
  CHECK(f.session.view().number == before.number + 1);
  CHECK(f.session.view().id != before.id);
  f.commit({create(f.at("a"))});
}

TEST_CASE("contract: commits that are open when the session expires are never told as conflict") {
  fixture f;
  store_driver victim{f.store.factory(), f.store.options()};
  std::vector<std::uint64_t> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(victim.start_commit(txn({create(f.at(std::to_string(i)))})));
  }
  f.store.expire_session(victim.view().id);
  for (int i = 20; i < 40; ++i) {
    requests.push_back(victim.start_commit(txn({create(f.at(std::to_string(i)))})));
  }
  victim.wait_announced(session_phase::expired);
  victim.wait_phase(session_phase::connected);
  std::size_t applied = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto outcome = victim.wait_commit(requests[i]);
    INFO(to_text(outcome));
    CHECK_FALSE(std::holds_alternative<conflict>(outcome));
    CHECK_FALSE(std::holds_alternative<rejected>(outcome));
    const bool there = victim.must_read(exists(f.at(std::to_string(i))), true).code == rc::ok;
    if (std::holds_alternative<committed>(outcome)) {
      CHECK(there);
      ++applied;
    }
  }
  CHECK(applied < requests.size());
}

TEST_CASE("contract: probing makes contact advance, never to later than a probe interval ago") {
  fixture f;
  f.commit({create(f.at("alive"), "", create_mode::ephemeral)});
  f.session.start_probing(f.at("alive"));
  std::vector<time_point> contacts;
  f.session.wait_until(
    [&] {
      contacts.clear();
      for (const auto& d : f.session.history()) {
        if (auto* contact = std::get_if<session_core::contact_advanced>(&d)) {
          contacts.push_back(contact->contact);
        }
      }
      return contacts.size() >= 3;
    },
    "three contacts");
  const time_point now{std::chrono::steady_clock::now().time_since_epoch()};
  for (std::size_t i = 0; i < contacts.size(); ++i) {
    CHECK(contacts[i] + f.session.view().timeout / 3 <= now);
    if (i > 0) {
      CHECK(contacts[i] - contacts[i - 1] >= f.session.view().timeout / 3);
    }
  }
  CHECK(f.session.counters().probes >= 4);
}

TEST_CASE("contract: a probe of an absent node is told and makes no contact") {
  fixture f;
  f.session.start_probing(f.at("absent"));
  f.session.wait_until(
    [&] {
      for (const auto& d : f.session.history()) {
        if (std::holds_alternative<session_core::probe_failed>(d)) {
          return true;
        }
      }
      return false;
    },
    "a failed probe");
  for (const auto& d : f.session.history()) {
    CHECK_FALSE(std::holds_alternative<session_core::contact_advanced>(d));
  }
}
