#include "suite.hpp"

using namespace djm;
using namespace djm::contract;

namespace {

session_options with_digest(std::string digest) {
  auto o = the_backend().options();
  o.digest = std::move(digest);
  return o;
}

/// A node of somebody with a password, another session with it and one without.
struct protected_fixture : fixture {
  protected_fixture() : owner(store.factory(), with_digest("djm:secret")), path(at("private")) {
    owner.must_commit(txn({create(path, "treasure"), create(path + "/child")}));
  }
  store_driver owner;
  std::string path;
};

} // namespace

TEST_CASE("contract: a node created with a digest is not read without it, but its existence is no secret") {
  protected_fixture f;
  CHECK(f.session.must_read(get(f.path)).code == rc::no_auth);
  CHECK(f.session.must_read(get(f.path)).data.empty());
  CHECK(f.session.must_read(children(f.path)).code == rc::no_auth);
  CHECK(f.session.must_read(exists(f.path)).code == rc::ok);
  CHECK(f.owner.must_read(get(f.path)).data == "treasure");
}

TEST_CASE("contract: without the digest nothing is set, checked, created or removed there") {
  protected_fixture f;
  check_rejected(f.session.commit(txn({set(f.path, "mine")})), errc::no_permission);
  check_rejected(f.session.commit(txn({check(f.path)})), errc::no_permission);
  check_rejected(f.session.commit(txn({create(f.path + "/mine")})), errc::no_permission);
  check_rejected(f.session.commit(txn({remove(f.path + "/child")})), errc::no_permission);
  CHECK(f.owner.must_read(get(f.path)).stat.version == 0);
  CHECK(f.owner.must_read(children(f.path)).children == std::vector<std::string>{"child"});
}

TEST_CASE("contract: a transaction without permission in one place does nothing anywhere") {
  protected_fixture f;
  check_rejected(f.session.commit(txn({create(f.at("open")), set(f.path, "mine")})), errc::no_permission);
  CHECK(f.session.must_read(exists(f.at("open"))).code == rc::no_node);
}

TEST_CASE("contract: removal asks for permission on the parent only") {
  protected_fixture f;
  f.owner.must_commit(txn({create(f.at("leaf"), "x")}));
  f.session.must_commit(txn({remove(f.at("leaf"))}));
  CHECK(f.owner.must_read(exists(f.at("leaf")), true).code == rc::no_node);
}

TEST_CASE("contract: another session with the same digest has full access") {
  protected_fixture f;
  store_driver second{f.store.factory(), with_digest("djm:secret")};
  CHECK(second.must_read(get(f.path), true).data == "treasure");
  second.must_commit(txn({set(f.path, "changed", 0), create(f.path + "/more"), remove(f.path + "/child")}));
  CHECK(f.owner.must_read(get(f.path), true).data == "changed");
}

TEST_CASE("contract: another password or user has no access") {
  protected_fixture f;
  for (auto digest : {"djm:guess", "other:secret"}) {
    store_driver stranger{f.store.factory(), with_digest(digest)};
    CHECK(stranger.must_read(get(f.path), true).code == rc::no_auth);
    check_rejected(stranger.commit(txn({set(f.path, "mine")})), errc::no_permission);
  }
}

TEST_CASE("contract: the digest still holds after a reconnect") {
  protected_fixture f;
  f.store.break_connections();
  f.owner.wait_announced(session_phase::suspended);
  f.owner.wait_phase(session_phase::connected);
  CHECK(f.owner.must_read(get(f.path), true).data == "treasure");
  f.owner.must_commit(txn({set(f.path, "changed")}));
}

TEST_CASE("contract: nodes of a session without a digest are open to everybody") {
  protected_fixture f;
  f.commit({create(f.at("public"), "0")});
  f.owner.must_commit(txn({set(f.at("public"), "1"), create(f.at("public/x"))}));
  CHECK(f.session.must_read(get(f.at("public")), true).data == "1");
}

TEST_CASE("contract: a node that everybody may change is told from others, and its access is given to one identity") {
  protected_fixture f;
  f.session.must_commit(txn({create(f.at("plain"), "x")}));
  CHECK(f.owner.must_read(access(f.at("plain")), true).open);
  CHECK_FALSE(f.owner.must_read(access(f.path)).open);
  CHECK(f.owner.must_read(access(f.path)).stat.aversion == 0);
  CHECK(f.owner.must_read(access(f.path)).writers != f.owner.must_read(access(f.at("plain"))).writers);
  CHECK(f.session.must_read(access(f.path)).code == rc::no_auth);
  CHECK(f.owner.must_read(access(f.at("none"))).code == rc::no_node);
  const auto before = f.owner.must_read(get(f.at("plain"))).stat;
  f.owner.must_commit(txn({secure_op{f.at("plain")}}));
  const auto after = f.owner.must_read(get(f.at("plain")));
  CHECK_FALSE(f.owner.must_read(access(f.at("plain"))).open);
  CHECK(after.stat.aversion == before.aversion + 1);
  CHECK(after.stat.mzxid == before.mzxid);
  CHECK(after.stat.version == before.version);
  CHECK(f.session.must_read(get(f.at("plain")), true).code == rc::no_auth);
  check_rejected(f.session.commit(txn({set(f.at("plain"), "mine")})), errc::no_permission);
  f.owner.must_commit(txn({create(f.at("mine"))}));
  CHECK(f.owner.must_read(access(f.at("plain")), true).writers == f.owner.must_read(access(f.at("mine"))).writers);
}

TEST_CASE("contract: nobody takes what belongs to another, or without an identity, or what is not there") {
  protected_fixture f;
  check_rejected(f.session.commit(txn({secure_op{f.path}})), errc::no_permission);
  f.session.must_commit(txn({create(f.at("plain"))}));
  check_rejected(f.session.commit(txn({secure_op{f.at("plain")}})), errc::no_permission);
  check_conflict(f.owner.commit(txn({secure_op{f.at("none")}})), 0, rc::no_node);
  check_rejected(f.owner.commit(txn({secure_op{f.path}, set(f.path, "x")})), errc::internal);
}

TEST_CASE("contract: a node may be created for everybody by a session with an identity") {
  protected_fixture f;
  auto open = create_op{f.at("way"), {}, store::create_mode::persistent, true};
  f.owner.must_commit(txn({open, create(f.at("way") + "/mine")}));
  CHECK(f.owner.must_read(access(f.at("way"))).open);
  f.session.must_commit(txn({create(f.at("way") + "/yours")}));
  CHECK(f.session.must_read(get(f.at("way") + "/mine"), true).code == rc::no_auth);
}
