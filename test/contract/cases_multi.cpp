#include "suite.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

using namespace djm;
using namespace djm::contract;

TEST_CASE("contract: all operations of a transaction bear one zxid: mzxid of a set is czxid of its siblings") {
  fixture f;
  f.commit({create(f.at("guard"))});
  const auto done = f.commit({set(f.at("guard"), "t1", 0), create(f.at("lock")), create(f.at("lock/x"))});
  CHECK(done.zxid != 0);
  REQUIRE(done.results.size() == 3);
  CHECK(done.results[0].stat.mzxid == done.zxid);
  CHECK(done.results[0].stat.version == 1);
  CHECK(f.session.must_read(get(f.at("lock"))).stat.czxid == done.zxid);
  CHECK(f.session.must_read(get(f.at("lock/x"))).stat.czxid == done.zxid);
  CHECK(f.session.must_read(get(f.at("guard"))).stat.mzxid == done.zxid);
}

TEST_CASE("contract: a set tells when it was made, by the wall clock of the store, and so does a read of the node") {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto wall = [] {
    return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  fixture f;
  const auto before = wall();
  f.commit({create(f.at("a"))});
  const auto made = f.session.must_read(get(f.at("a"))).stat.mtime_ms;
  const auto done = f.commit({check(f.at("a")), set(f.at("a"), "1"), create(f.at("b"))});
  const auto after = wall(); // the servers of the tests run on this machine
  REQUIRE(done.results.size() == 3);
  CHECK(before <= made);
  CHECK(made <= done.results[1].stat.mtime_ms);
  CHECK(done.results[1].stat.mtime_ms <= after);
  CHECK(done.results[0].stat.mtime_ms == 0);
  CHECK(done.results[2].stat.mtime_ms == 0); // what makes a node tells its path alone
  CHECK(f.session.must_read(get(f.at("a"))).stat.mtime_ms == done.results[1].stat.mtime_ms);
  CHECK(f.session.must_read(get(f.at("b"))).stat.mtime_ms == done.results[1].stat.mtime_ms);
}

TEST_CASE("contract: without a set the zxid of a transaction is not known") {
  fixture f;
  CHECK(f.commit({create(f.at("a"))}).zxid == 0);
}

TEST_CASE("contract: a failing operation undoes the whole transaction, whatever its place") {
  fixture f;
  f.commit({create(f.at("a"), "0")});
  for (std::size_t place = 0; place < 4; ++place) {
    std::vector<write_op> ops{set(f.at("a"), "1"), create(f.at("b")), create(f.at("c"))};
    ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(place), check(f.at("absent")));
    check_conflict(f.session.commit(txn(ops)), place, rc::no_node);
    CHECK(f.session.must_read(get(f.at("a"))).stat.version == 0);
    CHECK(f.session.must_read(children(f.root)).children == std::vector<std::string>{"a"});
  }
}

TEST_CASE("contract: a conflict names the operation and its code") {
  fixture f;
  f.commit({create(f.at("a")), create(f.at("a/b")), create(f.at("e"), "", create_mode::ephemeral)});
  const auto good = create(f.at("new"));
  check_conflict(f.session.commit(txn({good, create(f.at("a"))})), 1, rc::node_exists);
  check_conflict(f.session.commit(txn({good, check(f.at("a"), 7)})), 1, rc::bad_version);
  check_conflict(f.session.commit(txn({good, remove(f.at("a"))})), 1, rc::not_empty);
  check_conflict(f.session.commit(txn({good, create(f.at("e/x"))})), 1, rc::no_children_for_ephemerals);
  check_conflict(f.session.commit(txn({good, set(f.at("zz"), "")})), 1, rc::no_node);
  // The first failure decides.
  check_conflict(f.session.commit(txn({check(f.at("a"), 7), create(f.at("a"))})), 0, rc::bad_version);
}

TEST_CASE("contract: the server tells a code per operation: done, the failure, rolled back") {
  fixture f;
  struct {
    std::mutex mutex;
    std::condition_variable changed;
    bool connected = false;
    bool closed = false;
    std::vector<raw_completion> done;
  } box;
  auto port = f.store.factory().open(f.store.options(), [&](raw_event event) {
    const std::lock_guard guard{box.mutex};
    if (auto* link = std::get_if<raw_link>(&event)) {
      box.connected = box.connected || link->state == link_state::connected;
      box.closed = link->state == link_state::closed;
    } else if (auto* done = std::get_if<raw_completion>(&event)) {
      box.done.push_back(std::move(*done));
    }
    box.changed.notify_all();
  });
  REQUIRE(port.has_value());
  const auto wait = [&](auto condition) {
    std::unique_lock lock{box.mutex};
    REQUIRE(box.changed.wait_for(lock, store_driver::wide, condition));
  };
  wait([&] { return box.connected; });
  (*port)->submit(1, txn({create(f.at("a")), check(f.at("absent")), create(f.at("b")), create(f.at("c"))}));
  (*port)->submit(2, txn({create(f.at("a")), check(f.at("a"))}));
  wait([&] { return box.done.size() == 2; });
  (*port)->close();
  wait([&] { return box.closed; });
  CHECK(box.done[0].id == 1);
  CHECK(box.done[0].code == rc::no_node);
  REQUIRE(box.done[0].results.size() == 4);
  CHECK(box.done[0].results[0].code == rc::ok);
  CHECK(box.done[0].results[1].code == rc::no_node);
  CHECK(box.done[0].results[2].code == rc::rolled_back);
  CHECK(box.done[0].results[3].code == rc::rolled_back);
  CHECK(box.done[1].code == rc::ok);
  REQUIRE(box.done[1].results.size() == 2);
  CHECK(box.done[1].results[0].path == f.at("a"));
}

TEST_CASE("contract: an operation sees the ones before it in its transaction") {
  fixture f;
  f.commit({create(f.at("a")), create(f.at("a/b")), set(f.at("a/b"), "1", 0), check(f.at("a/b"), 1),
            set(f.at("a/b"), "2", 1)});
  CHECK(f.session.must_read(get(f.at("a/b"))).stat.version == 2);
  f.commit({remove(f.at("a/b")), remove(f.at("a")), create(f.at("a"), "again")});
  const auto r = f.session.must_read(get(f.at("a")));
  CHECK(r.data == "again");
  CHECK(r.stat.version == 0);
  CHECK(r.stat.num_children == 0);
}

TEST_CASE("contract: a node created and removed in one transaction leaves nothing") {
  fixture f;
  f.commit({create(f.at("a")), remove(f.at("a"))});
  CHECK(f.session.must_read(exists(f.at("a"))).code == rc::no_node);
}

TEST_CASE("contract: a transaction of checks changes no node") {
  fixture f;
  f.commit({create(f.at("a"))});
  const auto before = f.session.must_read(get(f.at("a"))).stat;
  for (int i = 0; i < 3; ++i) {
    f.commit({check(f.at("a"), 0)});
  }
  const auto after = f.session.must_read(get(f.at("a"))).stat;
  CHECK(after.mzxid == before.mzxid);
  CHECK(after.pzxid == before.pzxid);
  CHECK(after.version == before.version);
  CHECK(after.cversion == before.cversion);
}

TEST_CASE("contract: a failed transaction moves no node either, but the next success has a higher zxid") {
  fixture f;
  f.commit({create(f.at("a"))});
  const auto first = f.commit({set(f.at("a"), "1")});
  check_conflict(f.session.commit(txn({set(f.at("a"), "2"), check(f.at("no"))})), 1, rc::no_node);
  CHECK(f.session.must_read(get(f.at("a"))).stat.mzxid == first.zxid);
  CHECK(f.commit({set(f.at("a"), "3")}).zxid > first.zxid);
}

TEST_CASE("contract: two hundred changes fit into one transaction") {
  fixture f;
  std::vector<write_op> ops;
  for (int i = 0; i < 200; ++i) {
    ops.push_back(create(f.at("n" + std::to_string(1000 + i)), std::string(100, 'x')));
  }
  const auto done = f.commit(ops);
  CHECK(done.results.size() == 200);
  CHECK(f.session.must_read(children(f.root)).children.size() == 200);
}

TEST_CASE("contract: of two sessions that race for one version exactly one wins") {
  fixture f;
  store_driver other{f.store.factory(), f.store.options()};
  f.commit({create(f.at("a"))});
  for (int round = 0; round < 20; ++round) {
    const auto mine = f.session.start_commit(txn({set(f.at("a"), "mine", round)}));
    const auto theirs = other.start_commit(txn({set(f.at("a"), "theirs", round)}));
    const auto a = f.session.wait_commit(mine);
    const auto b = other.wait_commit(theirs);
    CHECK(std::holds_alternative<committed>(a) != std::holds_alternative<committed>(b));
    check_conflict(std::holds_alternative<committed>(a) ? b : a, 0, rc::bad_version);
  }
}
