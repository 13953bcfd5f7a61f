#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

#include "djm/client.hpp"
#include "raw_store.hpp"
#include "shared_server.hpp"
#include "support.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"
#include "zkstore/tree/submissions.hpp"

// Who may have djmd run a program by writing into the store: only who has its digest, and only what its file accepts.

using namespace djm;
using namespace djm::test;

namespace {

constexpr auto digest = "djm:secret";

/// The entry of somebody else in an access list, who lets everybody look.
struct foreign_access {
  foreign_access() {
    entries[0] = {ZOO_PERM_ALL, {scheme, id}};
    entries[1] = {ZOO_PERM_READ, ZOO_ANYONE_ID_UNSAFE};
    all = {2, entries};
  }
  char scheme[7] = "digest";
  char id[40] = "evil:N38h3eqLzTqPy0eIAGnZvCQ1Yl0=";
  ACL entries[2];
  ACL_vector all;
};

/// One djmd with a clock of its own: a job of its file that writes a line each 100 ms.
class accepting_daemon {
public:
  explicit accepting_daemon(bool accepts) : root(fresh_path()), connect(shared_server().connect_string()) {
    std::filesystem::create_directory(rig.path("jobs"));
    std::ofstream{rig.path("jobs") / "note"} << "#!/bin/sh\ncat >> \"$1\"\necho >> \"$1\"\n";
    REQUIRE(chmod((rig.path("jobs") / "note").c_str(), 0755) == 0);
    const auto file = rig.write(
      "one.toml", "one",
      "[node.store]\nconnect = \"" + connect + "\"\nroot = \"" + root + "\"\ndigest = \"" + digest +
        "\"\nsession_timeout = \"4s\"\n[job.clock]\nitems = [\"a\"]\nevery = \"100ms\"\n"
        "stop_grace = \"1s\"\nprogram = [\"/bin/sh\", \"-c\", \"echo tick >> " +
        rig.path("clock").string() + "\"]\n" +
        (accepts ? "[accept_submitted]\nusers = [\"root\"]\nfolders = [\"" + rig.path("jobs").string() + "\"]\n"
                 : std::string{}));
    process = rig.start({file}, "errors");
    wait(1);
    client_options o;
    o.store.connect = connect;
    o.store.root = root;
    o.store.digest = digest;
    o.timeout = any_duration{30s};
    auto c = client::open(std::move(o));
    REQUIRE(c);
    people.emplace(*std::move(c));
  }

  /// The daemon has worked for a while longer.
  void wait(std::size_t ticks) {
    const auto from = lines_of(rig.path("clock")).size();
    REQUIRE(comes_true([&] { return lines_of(rig.path("clock")).size() >= from + ticks; }, 120s));
  }
  std::string out(const std::string& job) const { return rig.path("out-" + job).string(); }
  bool ran(const std::string& job) const { return std::filesystem::exists(out(job)); }

  submission note(const std::string& job) const {
    submission s;
    s.id = job_id{job};
    s.kind = "command";
    s.config = *user_config::parse("{\"program\":[\"" + (rig.path("jobs") / "note").string() + "\",\"" + out(job) +
                                   "\"],\"user\":\"root\",\"every\":\"100ms\",\"items\":[\"a\"],\"input\":\"json\","
                                   "\"stop_grace\":\"1s\"}");
    s.by = "ann";
    s.request = "r-" + job;
    return s;
  }
  /// What somebody writes who does not take the way of djm, and has everybody who follows look.
  void plant(raw_store& by, raw_store& teller, const std::string& job, const ACL_vector& acl) const {
    const auto s = note(job);
    store::submission_payload p;
    p.kind = s.kind;
    p.config = s.config;
    p.request = s.request;
    p.hash = store::hash_of_submission(s);
    REQUIRE(by.create(root + "/submissions/" + job, store::encode(p), acl) == ZOK);
    Stat stat{};
    const auto version = teller.data(root + "/jobs-version", stat);
    const auto before = *store::decode<store::jobs_version_payload>(version, "jobs-version");
    REQUIRE(teller.set(root + "/jobs-version", store::encode_change(before, stat.version, {s.id}, "somebody")) == ZOK);
  }
  std::string refusal(const std::string& job) {
    const auto all = people->get_submissions();
    REQUIRE(all);
    for (const auto& s : *all) {
      if (s.id.str() == job && !s.declined.empty()) {
        return s.declined.begin()->second;
      }
    }
    return {};
  }
  bool refused(const std::string& job, const std::string& why) {
    return comes_true([&] { return refusal(job).find(why) != std::string::npos; });
  }

  daemon_rig rig;
  std::string root, connect;
  child_process process;
  std::optional<client> people;
};

} // namespace

TEST_CASE("djmd without [accept_submitted] runs nothing that is submitted") {
  accepting_daemon d{false};
  CHECK(d.people->submit(d.note("j")).error().code == errc::invalid_state);
  REQUIRE(d.people->submit(d.note("j"), unknown_kind::waits));
  d.wait(20);
  CHECK(d.people->get_submissions()->at(0).state == submission_state::waiting);
  CHECK_FALSE(d.ran("j"));
}

TEST_CASE("djmd runs what its file accepts, and no secret of the machine comes to it by its configuration") {
  accepting_daemon d{true};
  REQUIRE(d.people->submit(d.note("j")));
  REQUIRE(comes_true([&] { return d.ran("j"); }));
  const auto says = [&](const std::string& text) { return content_of(d.out("j")).find(text) != std::string::npos; };
  REQUIRE(d.people->configure_job("j", *user_config::parse(R"({"word":"harmless"})")));
  CHECK(comes_true([&] { return says("harmless"); }));
  std::ofstream{d.rig.path("secret")} << "the-secret-of-the-machine";
  const auto asks = user_config::parse("{\"word\":\"${file:" + d.rig.path("secret").string() + "}\"}");
  REQUIRE(asks);
  (void) d.people->configure_job("j", *asks);
  d.wait(20);
  CHECK_FALSE(says("the-secret-of-the-machine"));
  auto elsewhere = d.note("k");
  elsewhere.config = *user_config::parse(R"({"program":["/bin/sh"],"user":"root","every":"100ms","items":["a"]})");
  REQUIRE(d.people->submit(elsewhere));
  CHECK(d.refused("k", "is not there, or in none of"));
}

TEST_CASE("djmd runs nothing that others than the owner of its tree have written, or might have") {
  accepting_daemon d{true};
  raw_store owner{d.connect, digest}, stranger{d.connect};
  foreign_access foreign;
  REQUIRE(d.people->submit(d.note("first"))); // makes the folder
  REQUIRE(comes_true([&] { return d.ran("first"); }));
  CHECK(stranger.create(d.root + "/submissions/x", "{}", ZOO_OPEN_ACL_UNSAFE) == ZNOAUTH);

  d.plant(owner, owner, "open", ZOO_OPEN_ACL_UNSAFE);
  CHECK(d.refused("open", "/submissions/open is open"));
  d.plant(owner, owner, "foreign", foreign.all);
  d.wait(10);
  CHECK_FALSE(d.ran("foreign"));

  // The folder is opened: whatever is in it, and however it is closed later.
  REQUIRE(owner.set_access(d.root + "/submissions", ZOO_OPEN_ACL_UNSAFE) == ZOK);
  d.plant(stranger, owner, "planted", ZOO_OPEN_ACL_UNSAFE);
  REQUIRE(owner.set_access(d.root + "/submissions/planted", ZOO_CREATOR_ALL_ACL) == ZOK);
  REQUIRE(d.people->submit(d.note("mine")));
  CHECK(d.refused("mine", "/submissions is open"));
  REQUIRE(owner.set_access(d.root + "/submissions", ZOO_CREATOR_ALL_ACL) == ZOK);
  REQUIRE(d.people->submit(d.note("late")));
  CHECK(d.refused("late", "has not always belonged"));
  d.wait(20);
  for (const auto* job : {"open", "foreign", "planted", "mine", "late"}) {
    CHECK_MESSAGE(!d.ran(job), job);
  }
}

TEST_CASE("djmd runs nothing that is submitted below a root that is open") {
  accepting_daemon d{true};
  raw_store owner{d.connect, digest};
  REQUIRE(owner.set_access(d.root, ZOO_OPEN_ACL_UNSAFE) == ZOK);
  REQUIRE(d.people->submit(d.note("j")));
  CHECK(d.refused("j", d.root + " is open"));
  d.wait(20);
  CHECK_FALSE(d.ran("j"));
}
