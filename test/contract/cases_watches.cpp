#include "suite.hpp"

using namespace djm;
using namespace djm::contract;

namespace {

void check_event(const watch_event& event, watch_kind kind, const std::string& path) {
  CHECK(enum_text(event.kind) == enum_text(kind));
  CHECK(event.path == path);
}

} // namespace

TEST_CASE("contract: a data watch fires once on a change") {
  fixture f;
  f.commit({create(f.at("a"))});
  CHECK(f.session.must_read(get(f.at("a"), true)).watched);
  f.commit({set(f.at("a"), "1")});
  check_event(f.session.wait_watch(), watch_kind::changed, f.at("a"));
  f.commit({set(f.at("a"), "2")});
  CHECK_FALSE(f.session.watch_pending());
  CHECK(f.session.counters().watches == 0);
}

TEST_CASE("contract: a watch on an absent node fires when it is created") {
  fixture f;
  const auto r = f.session.must_read(exists(f.at("a"), true));
  CHECK(r.code == rc::no_node);
  CHECK(r.watched);
  f.commit({create(f.at("a"))});
  check_event(f.session.wait_watch(), watch_kind::created, f.at("a"));
}

TEST_CASE("contract: getting an absent node or its children leaves no watch") {
  fixture f;
  CHECK_FALSE(f.session.must_read(get(f.at("a"), true)).watched);
  CHECK_FALSE(f.session.must_read(children(f.at("a"), true)).watched);
  CHECK(f.session.counters().watches == 0);
  f.commit({create(f.at("a")), create(f.at("a/b"))});
  CHECK_FALSE(f.session.watch_pending());
}

TEST_CASE("contract: a data watch fires when the node is removed") {
  fixture f;
  f.commit({create(f.at("a")), create(f.at("b"))});
  f.session.must_read(get(f.at("a"), true));
  f.session.must_read(exists(f.at("b"), true));
  f.commit({remove(f.at("a"))});
  check_event(f.session.wait_watch(), watch_kind::deleted, f.at("a"));
  f.commit({remove(f.at("b"))});
  check_event(f.session.wait_watch(), watch_kind::deleted, f.at("b"));
}

TEST_CASE("contract: a children watch fires on creation and removal of a child, not on its data") {
  fixture f;
  f.commit({create(f.at("a")), create(f.at("a/x"))});
  CHECK(f.session.must_read(children(f.at("a"), true)).watched);
  f.commit({set(f.at("a/x"), "1")});
  f.commit({set(f.at("a"), "1")});
  CHECK_FALSE(f.session.watch_pending());
  f.commit({create(f.at("a/y"))});
  check_event(f.session.wait_watch(), watch_kind::children, f.at("a"));
  f.session.must_read(children(f.at("a"), true));
  f.commit({remove(f.at("a/x"))});
  check_event(f.session.wait_watch(), watch_kind::children, f.at("a"));
}

TEST_CASE("contract: a children watch fires when the node itself is removed") {
  fixture f;
  f.commit({create(f.at("a"))});
  f.session.must_read(children(f.at("a"), true));
  f.commit({remove(f.at("a"))});
  check_event(f.session.wait_watch(), watch_kind::deleted, f.at("a"));
}

TEST_CASE("contract: watches of both kinds on a removed node are told once") {
  fixture f;
  f.commit({create(f.at("a"))});
  f.session.must_read(children(f.at("a"), true));
  f.session.must_read(get(f.at("a"), true));
  f.session.must_read(exists(f.at("a"), true));
  CHECK(f.session.counters().watches == 2);
  f.commit({remove(f.at("a"))});
  check_event(f.session.wait_watch(), watch_kind::deleted, f.at("a"));
  CHECK_FALSE(f.session.watch_pending());
  CHECK(f.session.counters().watches == 0);
}

TEST_CASE("contract: a failed transaction fires no watch") {
  fixture f;
  f.commit({create(f.at("a"))});
  f.session.must_read(get(f.at("a"), true));
  check_conflict(f.session.commit(txn({set(f.at("a"), "1"), check(f.at("no"))})), 1, rc::no_node);
  CHECK_FALSE(f.session.watch_pending());
  f.commit({set(f.at("a"), "1")});
  check_event(f.session.wait_watch(), watch_kind::changed, f.at("a"));
}

TEST_CASE("contract: the event of another session's change comes before the answer that shows it") {
  fixture f;
  store_driver other{f.store.factory(), f.store.options()};
  f.commit({create(f.at("a"), "0")});
  for (int i = 1; i <= 20; ++i) {
    const auto value = std::to_string(i);
    REQUIRE(f.session.must_read(get(f.at("a"), true)).watched);
    other.must_commit(txn({set(f.at("a"), value)}));
    // Ask until an answer shows the change: by then the event must have been told.
    while (f.session.must_read(get(f.at("a"))).data != value) {
    }
    const auto& history = f.session.history();
    REQUIRE(history.size() >= 2);
    std::size_t event = 0;
    std::size_t answer = 0;
    for (std::size_t k = 0; k < history.size(); ++k) {
      if (std::holds_alternative<session_core::watch_fired>(history[k])) {
        event = k;
      }
      if (auto* read = std::get_if<session_core::read_done>(&history[k]);
          read && answer == 0 && !read->outcome.results.empty() && read->outcome.results[0].data == value) {
        answer = k;
      }
    }
    CHECK(event < answer);
    check_event(f.session.wait_watch(), watch_kind::changed, f.at("a"));
  }
}

TEST_CASE("contract: the event of a session's own change comes before the commit's outcome") {
  fixture f;
  f.commit({create(f.at("a"))});
  f.session.must_read(get(f.at("a"), true));
  f.commit({set(f.at("a"), "1")});
  const auto& history = f.session.history();
  REQUIRE(history.size() >= 2);
  CHECK(std::holds_alternative<session_core::commit_done>(history[history.size() - 1]));
  CHECK(std::holds_alternative<session_core::watch_fired>(history[history.size() - 2]));
}

TEST_CASE("contract: every client of a session that watches a node is told, each once") {
  fixture f;
  f.commit({create(f.at("a"))});
  for (std::uint32_t client : {1u, 2u, 2u, 3u}) {
    CHECK(f.session.read({get(f.at("a"), client != 3)}, false, client).status == read_status::ok);
  }
  CHECK(f.session.counters().watches == 1);
  f.commit({set(f.at("a"), "1")});
  check_event(f.session.wait_watch(1), watch_kind::changed, f.at("a"));
  check_event(f.session.wait_watch(2), watch_kind::changed, f.at("a"));
  for (std::uint32_t client : {1u, 2u, 3u}) {
    CHECK_FALSE(f.session.watch_pending(client));
  }
}

TEST_CASE("contract: a forgotten client hears nothing any more") {
  fixture f;
  f.commit({create(f.at("a"))});
  for (std::uint32_t client : {1u, 2u}) {
    f.session.read({get(f.at("a"), true)}, false, client);
  }
  f.session.forget(2);
  f.commit({set(f.at("a"), "1")});
  check_event(f.session.wait_watch(1), watch_kind::changed, f.at("a"));
  CHECK_FALSE(f.session.watch_pending(2));
}

TEST_CASE("contract: watches survive a reconnect") {
  fixture f;
  f.commit({create(f.at("data")), create(f.at("list"))});
  f.session.must_read(get(f.at("data"), true));
  f.session.must_read(exists(f.at("absent"), true));
  f.session.must_read(children(f.at("list"), true));
  f.store.break_connections();
  f.session.wait_announced(session_phase::suspended);
  f.session.wait_phase(session_phase::connected);
  f.commit({set(f.at("data"), "1")});
  check_event(f.session.wait_watch(), watch_kind::changed, f.at("data"));
  f.commit({create(f.at("absent"))});
  check_event(f.session.wait_watch(), watch_kind::created, f.at("absent"));
  f.commit({create(f.at("list/x"))});
  check_event(f.session.wait_watch(), watch_kind::children, f.at("list"));
  CHECK_FALSE(f.session.watch_pending());
}

TEST_CASE("contract: a change that falls into a reconnect is told") {
  fixture f;
  f.commit({create(f.at("a"), "0")});
  for (int i = 1; i <= 3; ++i) {
    // The driver of the session does not run between the break and the change, so it cannot be told in between.
    store_driver other{f.store.factory(), f.store.options()};
    f.session.must_read(get(f.at("a"), true));
    f.store.break_connections();
    other.wait_announced(session_phase::suspended);
    other.wait_phase(session_phase::connected);
    other.must_commit(txn({set(f.at("a"), std::to_string(i))}));
    check_event(f.session.wait_watch(), watch_kind::changed, f.at("a"));
    f.session.wait_phase(session_phase::connected);
    CHECK(f.session.must_read(get(f.at("a")), true).data == std::to_string(i));
  }
}

TEST_CASE("contract: watches end with their session") {
  fixture f;
  f.commit({create(f.at("a"))});
  f.session.must_read(get(f.at("a"), true));
  f.store.expire_session(f.session.view().id);
  f.session.wait_announced(session_phase::expired);
  f.session.wait_phase(session_phase::connected);
  CHECK(f.session.counters().watches == 0);
  f.commit({set(f.at("a"), "1")});
  CHECK_FALSE(f.session.watch_pending());
}

TEST_CASE("contract: the end of another session's ephemeral node is told") {
  fixture f;
  {
    store_driver other{f.store.factory(), f.store.options()};
    other.must_commit(txn({create(f.at("e"), "", create_mode::ephemeral)}));
    CHECK(f.session.must_read(exists(f.at("e"), true), true).code == rc::ok);
    f.session.must_read(children(f.root, true));
  }
  check_event(f.session.wait_watch(), watch_kind::deleted, f.at("e"));
  check_event(f.session.wait_watch(), watch_kind::children, f.root);
}
