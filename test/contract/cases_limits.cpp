#include "suite.hpp"

using namespace djm;
using namespace djm::contract;

TEST_CASE("contract: a batch of reads is answered in one message and in order") {
  fixture f;
  std::vector<write_op> ops;
  for (int i = 0; i < 100; ++i) {
    ops.push_back(create(f.at("n" + std::to_string(i)), std::to_string(i)));
  }
  f.commit(ops);
  std::vector<read_op> reads;
  for (int i = 0; i < 100; ++i) {
    reads.push_back(get(f.at("n" + std::to_string(i))));
    reads.push_back(exists(f.at("absent" + std::to_string(i))));
  }
  reads.push_back(children(f.root));
  const auto outcome = f.session.read(reads);
  REQUIRE(outcome.status == read_status::ok);
  REQUIRE(outcome.results.size() == 201);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(outcome.results[2 * i].data == std::to_string(i));
    CHECK(outcome.results[2 * i + 1].code == rc::no_node);
  }
  CHECK(outcome.results[200].children.size() == 100);
}

TEST_CASE("contract: an empty batch is answered, behind a barrier too") {
  fixture f;
  CHECK(f.session.read({}).status == read_status::ok);
  CHECK(f.session.read({}, true).status == read_status::ok);
  CHECK(f.session.counters().barriers == 1);
}

TEST_CASE("contract: a barrier on an absent node is as good") {
  session_limits limits;
  limits.barrier_path = "/no/such/node";
  fixture f{limits};
  store_driver other{f.store.factory(), f.store.options()};
  for (int i = 0; i < 10; ++i) {
    other.must_commit(txn({create(f.at(std::to_string(i)))}));
    CHECK(f.session.must_read(exists(f.at(std::to_string(i))), true).code == rc::ok);
  }
}

TEST_CASE("contract: a transaction above the size limit is rejected and disturbs nothing") {
  fixture f;
  const auto before = f.session.start_commit(txn({create(f.at("before"))}));
  check_rejected(f.session.commit(txn({create(f.at("big"), std::string(600u << 10, 'x'))})), errc::too_large);
  CHECK(std::holds_alternative<committed>(f.session.wait_commit(before)));
  CHECK(f.session.view().connects == 1);
  CHECK(f.session.must_read(exists(f.at("big")), true).code == rc::no_node);
}

TEST_CASE("contract: a transaction just below the size limit goes through") {
  fixture f;
  const session_limits limits;
  std::string data(limits.max_request_bytes - 1024, 'x');
  f.commit({create(f.at("big"), data)});
  CHECK(f.session.must_read(get(f.at("big"))).data == data);
  f.commit({set(f.at("big"), "")});
}

TEST_CASE("contract: paths that break the rules are rejected before they are sent") {
  fixture f;
  for (std::string path : {"", "a", "a/b", "/a/", "//", "/a//b", "/a/./b", "/a/../b", "/a\x01"}) {
    CAPTURE(path);
    check_rejected(f.session.commit(txn({create(path)})), errc::invalid_id);
    check_rejected(f.session.commit(txn({check(f.root), remove(path)})), errc::invalid_id);
    CHECK(f.session.read({get(f.root), get(path)}).status == read_status::rejected);
  }
  CHECK(f.session.view().connects == 1);
}

TEST_CASE("contract: a small window keeps the order and bounds what is in flight") {
  session_limits limits;
  limits.window_ops = 4;
  fixture f{limits};
  std::vector<std::uint64_t> requests;
  for (int i = 0; i < 300; ++i) {
    requests.push_back(
      f.session.start_commit(txn({create(f.at("n-"), std::to_string(i), create_mode::persistent_sequential)})));
  }
  CHECK(f.session.counters().in_flight_ops <= 4);
  CHECK(f.session.counters().queued_ops >= 296);
  std::string last;
  for (const auto request : requests) {
    const auto outcome = f.session.wait_commit(request);
    REQUIRE(std::holds_alternative<committed>(outcome));
    const auto path = std::get<committed>(outcome).results.at(0).path;
    CHECK(path > last);
    last = path;
  }
  CHECK(f.session.counters().in_flight_ops == 0);
  CHECK(f.session.counters().queued_ops == 0);
}

TEST_CASE("contract: the window bounds bytes as well") {
  session_limits limits;
  limits.window_bytes = 20000;
  fixture f{limits};
  std::vector<std::uint64_t> requests;
  for (int i = 0; i < 50; ++i) {
    requests.push_back(f.session.start_commit(txn({create(f.at("n" + std::to_string(i)), std::string(5000, 'x'))})));
  }
  for (const auto request : requests) {
    CHECK(std::holds_alternative<committed>(f.session.wait_commit(request)));
  }
  CHECK(f.session.counters().max_in_flight_bytes <= 20000);
  // One that is larger than the whole window still goes, alone.
  f.commit({create(f.at("large"), std::string(50000, 'x'))});
}

TEST_CASE("contract: beyond the limit of waiting operations questions are refused at once") {
  session_limits limits;
  limits.window_ops = 1;
  limits.max_queued_ops = 10;
  fixture f{limits};
  std::vector<std::uint64_t> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(f.session.start_commit(txn({create(f.at(std::to_string(i)))})));
  }
  const auto now = f.session.start_read(std::vector<read_op>(5, get(f.root)));
  CHECK(f.session.wait_read(now).status == read_status::failed); // there will be room for these
  const auto ever = f.session.start_read(std::vector<read_op>(20, get(f.root)));
  CHECK(f.session.wait_read(ever).status == read_status::rejected); // and never for these
  std::size_t applied = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto outcome = f.session.wait_commit(requests[i]);
    if (i < 11) {
      CHECK(std::holds_alternative<committed>(outcome));
    } else {
      check_rejected(outcome, errc::too_large);
    }
    applied += std::holds_alternative<committed>(outcome) ? 1 : 0;
  }
  CHECK(applied == 11);
}

TEST_CASE("contract: a server that does not answer makes commits unknown and reads fail at the deadline") {
  session_limits limits;
  limits.operation_deadline = std::chrono::milliseconds{200};
  fixture f{limits};
  f.commit({create(f.at("a"), "0")});
  f.store.freeze();
  const auto commit = f.session.start_commit(txn({set(f.at("a"), "1", 0)}));
  const auto read = f.session.start_read({get(f.at("a"))});
  const auto fresh = f.session.start_read({get(f.at("a"))}, true);
  CHECK(std::holds_alternative<unknown>(f.session.wait_commit(commit)));
  CHECK(f.session.wait_read(read).status == read_status::failed);
  CHECK(f.session.wait_read(fresh).status == read_status::failed);
  f.store.thaw();
  // It was applied all the same, and a fresh read of this session knows.
  read_outcome after;
  do {
    after = f.session.read({get(f.at("a"))}, true);
  } while (after.status == read_status::failed);
  REQUIRE(after.status == read_status::ok);
  CHECK(after.results[0].data == "1");
  CHECK(f.session.counters().in_flight_ops == 0);
}

TEST_CASE("contract: what cannot be sent is answered by the deadline and was never applied") {
  session_limits limits;
  limits.operation_deadline = std::chrono::milliseconds{100};
  fixture f;
  f.store.freeze();
  {
    store_driver other{f.store.factory(), f.store.options(), limits, false};
    const auto commit = other.start_commit(txn({create(f.at("a"))}));
    const auto read = other.start_read({get(f.root)});
    // Decided before there was a session, it belongs to none.
    CHECK(std::holds_alternative<session_lost>(other.wait_commit(commit)));
    CHECK(other.wait_read(read).status == read_status::failed);
    f.store.thaw();
    other.wait_phase(session_phase::connected);
    CHECK(other.must_read(exists(f.at("a")), true).code == rc::no_node);
  }
}

TEST_CASE("contract: above the watch limit reads are answered without a watch") {
  session_limits limits;
  limits.max_watches = 2;
  fixture f{limits};
  f.commit({create(f.at("a")), create(f.at("b")), create(f.at("c"))});
  const auto outcome = f.session.read({get(f.at("a"), true), get(f.at("b"), true), get(f.at("c"), true)});
  REQUIRE(outcome.status == read_status::ok);
  CHECK(outcome.results[0].watched);
  CHECK(outcome.results[1].watched);
  CHECK_FALSE(outcome.results[2].watched);
  CHECK(outcome.results[2].code == rc::ok);
  f.commit({set(f.at("c"), "1")});
  CHECK_FALSE(f.session.watch_pending());
  // One that fired makes room.
  f.commit({set(f.at("a"), "1")});
  CHECK(f.session.wait_watch().path == f.at("a"));
  CHECK(f.session.must_read(get(f.at("c"), true)).watched);
  CHECK(f.session.counters().max_watches == 2);
}

TEST_CASE("contract: watched path bytes are limited too") {
  fixture probe;
  session_limits limits;
  limits.max_watch_bytes = probe.root.size() + 10;
  fixture f{limits};
  CHECK(f.session.must_read(exists(f.at("aaaaa"), true)).watched);
  CHECK_FALSE(f.session.must_read(exists(f.at("bbbbb"), true)).watched);
}
