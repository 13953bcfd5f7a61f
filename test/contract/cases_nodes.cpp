#include "suite.hpp"

using namespace djm;
using namespace djm::contract;

TEST_CASE("contract: a created node is read back with its data and version 0") {
  fixture f;
  f.commit({create(f.at("a"), "hello")});
  const auto r = f.session.must_read(get(f.at("a")));
  CHECK(r.code == rc::ok);
  CHECK(r.data == "hello");
  CHECK(r.stat.version == 0);
  CHECK(r.stat.data_length == 5);
  CHECK(r.stat.ephemeral_owner == 0);
  CHECK(r.stat.czxid == r.stat.mzxid);
}

TEST_CASE("contract: every set raises the version by one and moves mzxid, not czxid") {
  fixture f;
  f.commit({create(f.at("a"), "0")});
  const auto before = f.session.must_read(get(f.at("a"))).stat;
  f.commit({set(f.at("a"), "1", 0)});
  f.commit({set(f.at("a"), "2", any_version)});
  const auto after = f.session.must_read(get(f.at("a")));
  CHECK(after.data == "2");
  CHECK(after.stat.version == 2);
  CHECK(after.stat.czxid == before.czxid);
  CHECK(after.stat.mzxid > before.mzxid);
}

TEST_CASE("contract: a set at a stale version is a conflict and changes nothing") {
  fixture f;
  f.commit({create(f.at("a"), "0")});
  f.commit({set(f.at("a"), "1", 0)});
  check_conflict(f.session.commit(txn({set(f.at("a"), "2", 0)})), 0, rc::bad_version);
  const auto r = f.session.must_read(get(f.at("a")));
  CHECK(r.data == "1");
  CHECK(r.stat.version == 1);
}

TEST_CASE("contract: a node is removed at its version only") {
  fixture f;
  f.commit({create(f.at("a"))});
  f.commit({set(f.at("a"), "1")});
  check_conflict(f.session.commit(txn({remove(f.at("a"), 0)})), 0, rc::bad_version);
  f.commit({remove(f.at("a"), 1)});
  CHECK(f.session.must_read(exists(f.at("a"))).code == rc::no_node);
}

TEST_CASE("contract: creating an existing node is a conflict") {
  fixture f;
  f.commit({create(f.at("a"), "first")});
  check_conflict(f.session.commit(txn({create(f.at("a"), "second")})), 0, rc::node_exists);
  CHECK(f.session.must_read(get(f.at("a"))).data == "first");
}

TEST_CASE("contract: creating below an absent node is a conflict") {
  fixture f;
  check_conflict(f.session.commit(txn({create(f.at("a/b"))})), 0, rc::no_node);
}

TEST_CASE("contract: checking, setting and removing an absent node are conflicts") {
  fixture f;
  check_conflict(f.session.commit(txn({check(f.at("a"))})), 0, rc::no_node);
  check_conflict(f.session.commit(txn({set(f.at("a"), "x")})), 0, rc::no_node);
  check_conflict(f.session.commit(txn({remove(f.at("a"))})), 0, rc::no_node);
}

TEST_CASE("contract: a node with children is not removed") {
  fixture f;
  f.commit({create(f.at("a")), create(f.at("a/b"))});
  check_conflict(f.session.commit(txn({remove(f.at("a"))})), 0, rc::not_empty);
  f.commit({remove(f.at("a/b")), remove(f.at("a"))});
}

TEST_CASE("contract: an ephemeral node has no children") {
  fixture f;
  f.commit({create(f.at("e"), "", create_mode::ephemeral)});
  check_conflict(f.session.commit(txn({create(f.at("e/b"))})), 0, rc::no_children_for_ephemerals);
}

TEST_CASE("contract: zxids of successive transactions grow strictly") {
  fixture f;
  f.commit({create(f.at("a"))});
  zxid_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const auto done = f.commit({set(f.at("a"), std::to_string(i))});
    CHECK(done.zxid > last);
    last = done.zxid;
  }
}

TEST_CASE("contract: a parent counts its children and what happens to them") {
  fixture f;
  f.commit({create(f.at("a"))});
  const auto empty = f.session.must_read(get(f.at("a"))).stat;
  CHECK(empty.num_children == 0);
  CHECK(empty.cversion == 0);
  f.commit({create(f.at("a/x"))});
  f.commit({create(f.at("a/y"))});
  const auto two = f.session.must_read(get(f.at("a"))).stat;
  CHECK(two.num_children == 2);
  CHECK(two.cversion == 2);
  CHECK(two.pzxid > empty.pzxid);
  f.commit({remove(f.at("a/x"))});
  const auto one = f.session.must_read(get(f.at("a"))).stat;
  CHECK(one.num_children == 1);
  CHECK(one.cversion == 3);
  CHECK(one.pzxid > two.pzxid);
  CHECK(one.version == 0);
  CHECK(one.mzxid == empty.mzxid);
}

TEST_CASE("contract: empty and binary data of 100 KB come back unchanged") {
  fixture f;
  std::string bytes(100000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 31 % 256);
  }
  f.commit({create(f.at("empty")), create(f.at("binary"), bytes)});
  CHECK(f.session.must_read(get(f.at("empty"))).data.empty());
  CHECK(f.session.must_read(get(f.at("binary"))).data == bytes);
}

TEST_CASE("contract: children are listed sorted, without their own children") {
  fixture f;
  f.commit({create(f.at("c")), create(f.at("a")), create(f.at("b")), create(f.at("a/deep"))});
  const auto r = f.session.must_read(children(f.root));
  CHECK(r.code == rc::ok);
  CHECK(r.children == std::vector<std::string>{"a", "b", "c"});
  CHECK(r.stat.num_children == 3);
  CHECK(f.session.must_read(children(f.at("b"))).children.empty());
}

TEST_CASE("contract: reads of an absent node answer no_node and are not a failure") {
  fixture f;
  for (auto op : {get(f.at("no")), exists(f.at("no")), children(f.at("no"))}) {
    const auto r = f.session.must_read(op);
    CHECK(r.code == rc::no_node);
    CHECK_FALSE(r.watched);
  }
}

TEST_CASE("contract: the root node can be read") {
  fixture f;
  CHECK(f.session.must_read(exists("/")).code == rc::ok);
  CHECK_FALSE(f.session.must_read(children("/")).children.empty());
}

TEST_CASE("contract: sequential nodes get ten growing digits and tell their path") {
  fixture f;
  const auto prefix = f.at("n-");
  std::string last;
  for (int i = 0; i < 12; ++i) {
    const auto done = f.commit({create(prefix, "", create_mode::persistent_sequential)});
    REQUIRE(done.results.size() == 1);
    const auto path = done.results[0].path;
    CHECK(path.size() == prefix.size() + 10);
    CHECK(path.substr(0, prefix.size()) == prefix);
    CHECK(path > last);
    CHECK(f.session.must_read(exists(path)).code == rc::ok);
    last = path;
  }
}

TEST_CASE("contract: a sequence number is never used again, and other children move the counter too") {
  fixture f;
  const auto first = f.commit({create(f.at("n-"), "", create_mode::persistent_sequential)}).results.at(0).path;
  CHECK(first == f.at("n-0000000000"));
  f.commit({remove(first)});
  f.commit({create(f.at("other"))});
  const auto second = f.commit({create(f.at("n-"), "", create_mode::ephemeral_sequential)}).results.at(0).path;
  CHECK(second == f.at("n-0000000002"));
  CHECK(f.session.must_read(get(second)).stat.ephemeral_owner == f.session.view().id);
}
