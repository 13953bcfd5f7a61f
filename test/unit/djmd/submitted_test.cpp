#include "tools/djmd/submitted.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "temp_dir.hpp"

using namespace djm;
using namespace djm::daemon;

/// What may not be run by whoever writes into the tree.
namespace {

namespace fs = std::filesystem;

void make_program(const fs::path& path, mode_t mode = 0755) {
  std::ofstream{path} << "#!/bin/sh\n";
  REQUIRE(chmod(path.c_str(), mode) == 0);
}

struct allowed_folder {
  allowed_folder() {
    fs::create_directory(jobs());
    fs::create_directory(folder.path() / "elsewhere");
    REQUIRE(chmod(jobs().c_str(), 0755) == 0);
    make_program(jobs() / "good");
    make_program(folder.path() / "elsewhere" / "bad");
    accepted = {{"batch"}, {jobs().string()}};
  }
  fs::path jobs() const { return folder.path() / "jobs"; }
  job_table table(const fs::path& program) const {
    job_table t;
    t.program = {program.string(), "x"};
    t.user = "batch";
    return t;
  }
  std::string refusal(const job_table& t) const {
    const auto checked = check_submitted(accepted, t);
    return checked ? "accepted" : checked.error().text;
  }

  djm::test::temp_dir folder;
  accept_table accepted;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string faults_of(const std::string& text) {
  std::string all;
  for (const auto& f : read_daemon_file(text).faults) {
    all += std::to_string(f.line) + ": " + f.text + "\n";
  }
  return all;
}

} // namespace

TEST_CASE("submitted command: a program in one of the folders, as one of the users, and with its real path") {
  const allowed_folder a;
  fs::create_symlink(a.jobs() / "good", a.jobs() / "link");
  for (const auto* name : {"good", "link", "../jobs/./good"}) {
    const auto checked = check_submitted(a.accepted, a.table(a.jobs() / name));
    REQUIRE_MESSAGE(checked, name);
    CHECK(checked->program == std::vector<std::string>{fs::canonical(a.jobs() / "good").string(), "x"});
  }
}

TEST_CASE("submitted command: no other user, no program from elsewhere, whatever its path looks like") {
  const allowed_folder a;
  auto t = a.table(a.jobs() / "good");
  for (const auto* user : {"", "root", "Batch"}) {
    t.user = user;
    CHECK(has(a.refusal(t), "user: "));
  }
  fs::create_symlink(a.folder.path() / "elsewhere" / "bad", a.jobs() / "link");
  fs::create_directory(a.folder.path() / "jobs-too");
  make_program(a.folder.path() / "jobs-too" / "bad");
  for (const auto& program :
       {a.folder.path() / "elsewhere" / "bad", a.jobs() / ".." / "elsewhere" / "bad", a.jobs() / "link",
        a.folder.path() / "jobs-too" / "bad", a.jobs() / "none", fs::path{"good"}, fs::path{"/bin/sh"}, fs::path{}}) {
    CHECK_MESSAGE(has(a.refusal(a.table(program)), "program: "), program.string());
  }
  t = {};
  t.user = "batch";
  CHECK(has(a.refusal(t), "program: "));
}

TEST_CASE("submitted command: none that others could have written, no environment, no privileges, no other folder") {
  const allowed_folder a;
  make_program(a.jobs() / "loose", 0777);
  CHECK(has(a.refusal(a.table(a.jobs() / "loose")), "may be written by others"));
  auto t = a.table(a.jobs() / "good");
  t.environment = {{"LD_PRELOAD", "/tmp/x.so"}};
  CHECK(has(a.refusal(t), "environment: "));
  t = a.table(a.jobs() / "good");
  t.new_privileges = true;
  CHECK(has(a.refusal(t), "new_privileges: "));
  t = a.table(a.jobs() / "good");
  t.folder = (a.folder.path() / "elsewhere").string();
  CHECK(has(a.refusal(t), "folder: "));
  t.folder = a.jobs().string();
  CHECK(a.refusal(t) == "accepted");
  REQUIRE(chmod(a.jobs().c_str(), 0777) == 0);
  CHECK(has(a.refusal(t), "may be written by others"));
}

TEST_CASE("submitted command: its table has the keys of a job of the file, no others, and asks for no secret of this "
          "machine") {
  const auto t = table_of(*user_config::parse(R"({"program":["/x"],"user":"batch","every":"1s"})"));
  REQUIRE(t);
  CHECK(t->user == "batch");
  CHECK(table_of(*user_config::parse(R"({"program":["/x"],"usr":"batch"})")).error().text.find("usr") !=
        std::string::npos);
  const auto secret = table_of(*user_config::parse(R"({"config":{"a":"${file:/etc/djmd.toml}"}})"));
  REQUIRE_FALSE(secret);
  CHECK(has(secret.error().text, "may not ask for secrets"));
}

TEST_CASE("the file of djmd: submitted commands need a digest, a server, users and folders") {
  const std::string node = "[node]\nid = \"one\"\n";
  const std::string table = "[accept_submitted]\nusers = [\"root\"]\nfolders = [\"/opt/jobs\"]\n";
  CHECK(has(faults_of(node + table), "embedded store"));
  const auto server = node + "[node.store]\nconnect = \"zk:2181\"\n";
  CHECK(has(faults_of(server + table), "without node.store.digest"));
  const auto closed = server + "digest = \"djm:secret\"\n";
  CHECK(faults_of(closed + table).empty());
  const auto empty = faults_of(closed + "[accept_submitted]\n");
  CHECK(has(empty, "accept_submitted.users: "));
  CHECK(has(empty, "accept_submitted.folders: "));
  const auto wrong = faults_of(closed + "[accept_submitted]\nusers = [\"no such user\"]\nfolders = [\"jobs\"]\n");
  CHECK(has(wrong, "7: accept_submitted.users: "));
  CHECK(has(wrong, "8: accept_submitted.folders: \"jobs\" is no absolute path"));
}
