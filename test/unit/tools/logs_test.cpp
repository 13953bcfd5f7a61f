#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "temp_dir.hpp"
#include "tool_rig.hpp"

using namespace djm::test;

namespace {

struct log_rig : tool_rig {
  log_rig() {
    environment["DJM_LOG_FOLDER"] = folder.path().string();
    std::filesystem::create_directories(folder.path() / "mail");
  }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path(name), std::ios::binary | std::ios::app} << text;
  }
  temp_dir folder;
};

} // namespace

TEST_CASE("logs: the last lines of a file, of an item or of a whole share") {
  log_rig r;
  std::string all;
  for (int i = 1; i <= 30000; ++i) { // more than is read at once
    all += "line " + std::to_string(i) + "\n";
  }
  r.write("mail/eu.log", all);
  r.write("share.log", "one\ntwo\nno end");
  CHECK(r.run_bare({"logs", "mail", "eu", "-n", "2"}).out == "line 29999\nline 30000\n");
  const auto twenty = r.run_bare({"logs", "mail", "eu"}).out;
  CHECK(twenty.substr(0, 11) == "line 29981\n");
  CHECK(r.run_bare({"logs", "mail", "eu", "--lines", "100000"}).out == all);
  CHECK(r.run_bare({"logs", "mail", "eu", "-n", "0"}).out.empty());
  CHECK(r.run_bare({"logs", "share", "-n", "2"}).out == "two\nno end");
  CHECK(r.run_bare({"logs", "--folder", r.path("mail"), "eu", "-n", "1"}).out == "line 30000\n");
}

TEST_CASE("logs: follows a file as it grows, and into the next one") {
  log_rig r;
  r.write("mail/eu.log", "old\nlast\n");
  r.looks = 5;
  r.between = [&](int n) {
    if (n == 1) {
      r.write("mail/eu.log", "more");
    } else if (n == 2) {
      r.write("mail/eu.log", " and more\n");
      std::filesystem::rename(r.path("mail/eu.log"), r.path("mail/eu.log.1"));
    } else if (n == 3) {
      r.write("mail/eu.log", "next\n");
    }
  };
  const auto t = r.run_bare({"logs", "-f", "-n", "1", "mail", "eu"});
  CHECK(t.code == 0);
  CHECK(t.out == "last\nmore and more\nnext\n");
}

TEST_CASE("logs: what is not there, or no id, is said; a terminal gets no control characters") {
  log_rig r;
  const auto none = r.run_bare({"logs", "mail", "eu"});
  CHECK(none.code == 1);
  CHECK(contains(none.err, r.path("mail/eu.log") + ": No such file or directory; it is on the machine of the node"));
  for (const auto* bad : {"..", ".", "a/b", ""}) {
    CHECK(r.run_bare({"logs", "mail", bad}).code == 2);
  }
  CHECK(r.run_bare({"logs", "../mail", "eu"}).code == 2);
  CHECK(r.run_bare({"logs"}).code == 2);
  r.write("mail/eu.log", "a\x1b[31m\nb");
  CHECK(r.run_bare({"logs", "mail", "eu"}).out == "a\x1b[31m\nb");
  r.terminal = true;
  CHECK(r.run_bare({"logs", "mail", "eu"}).out == "a\\x1b[31m\nb\n");
  r.environment.clear();
  const auto nowhere = r.run_bare({"logs", "mail", "eu"});
  CHECK(nowhere.code == 2);
  CHECK(contains(nowhere.err, "--folder or DJM_LOG_FOLDER"));
}
