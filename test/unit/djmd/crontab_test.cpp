#include "tools/djmd/crontab.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tools/djmd/daemon_file.hpp"

using namespace djm;
using daemon::crontab_rules;
using daemon::import_crontab;
using daemon::read_daemon_file;

namespace {

/// Read as djmd reads it: what is written must be a file without a fault.
daemon::daemon_file file_of(const daemon::imported_crontab& made) {
  const auto r = read_daemon_file("[node]\nid = \"one\"\n" + made.toml);
  std::string faults;
  for (const auto& f : r.faults) {
    faults += std::to_string(f.line) + ": " + f.text + "\n";
  }
  CHECK_MESSAGE(faults.empty(), (faults + made.toml));
  return r.file;
}

crontab_rules berlin() {
  crontab_rules rules;
  rules.zone = "Europe/Berlin";
  return rules;
}

} // namespace

TEST_CASE("crontab: a user's lines become jobs, with what was set above them") {
  const auto made = import_crontab("# nightly\n"
                                   "PATH=/opt/bin:/bin\n"
                                   "NAME = \"a \\\"b\"\n"
                                   "30 2 * * MON-FRI\t/usr/local/bin/backup --full \"x y\"\n"
                                   "\n"
                                   "SHELL=/bin/bash\n"
                                   "CRON_TZ=UTC\n"
                                   "  @daily  /usr/local/bin/backup\r\n"
                                   "*/5 * * * * cd /srv && ./poll; true",
                                   berlin());
  CHECK(made.faults.empty());
  CHECK(made.jobs == 3);
  const auto f = file_of(made);
  REQUIRE(f.job.size() == 3);
  const auto& first = f.job.at("backup");
  CHECK(first.cron == "30 2 * * MON-FRI");
  CHECK(first.zone == "Europe/Berlin");
  CHECK(first.catch_up == catch_up::none);
  CHECK(first.program == std::vector<std::string>{"/bin/sh", "-c", "/usr/local/bin/backup --full \"x y\""});
  CHECK(first.environment.at("PATH") == "/opt/bin:/bin");
  CHECK(first.environment.at("NAME") == "a \\\"b");
  CHECK(first.user.empty());
  const auto& second = f.job.at("backup-2");
  CHECK(second.cron == "@daily");
  CHECK(second.zone == "UTC");
  CHECK(second.program.front() == "/bin/bash");
  CHECK(f.job.at("cd").program.back() == "cd /srv && ./poll; true");
}

TEST_CASE("crontab: lines of the system have a user, and a user's get the one that is said") {
  auto rules = berlin();
  rules.system = true;
  const auto system = file_of(import_crontab("17 * * * * root run-parts /etc/cron.hourly\n", rules));
  CHECK(system.job.at("run-parts").user == "root");
  CHECK(system.job.at("run-parts").program.back() == "run-parts /etc/cron.hourly");
  auto of_root = berlin();
  of_root.user = "root";
  CHECK(file_of(import_crontab("@hourly x\n", of_root)).job.at("x").user == "root");
}

TEST_CASE("crontab: what stands behind a percent sign is input, and @reboot is the start of djmd") {
  const auto f = file_of(import_crontab("0 9 * * * mail -s 100\\% you%Good morning%it costs 5\\%.\n"
                                        "@reboot /sbin/warm-up\n",
                                        berlin()));
  CHECK(f.job.at("mail").program.back() ==
        "{ mail -s 100% you\n} <<'END_OF_INPUT'\nGood morning\nit costs 5%.\nEND_OF_INPUT\n");
  CHECK(f.job.at("warm-up").at_start);
  CHECK(f.job.at("warm-up").cron.empty());
}

TEST_CASE("crontab: a line that cannot be taken over is named, and the others are") {
  const auto made = import_crontab("61 * * * * a\n* * * * *\n@sometimes b\n0 0 * * * ok\nMAILTO=me\n", berlin());
  REQUIRE(made.faults.size() == 3);
  CHECK(made.faults[0].line == 1);
  CHECK(made.faults[0].text.find("61") != std::string::npos);
  CHECK(made.faults[1].text.find("no command behind") != std::string::npos);
  CHECK(made.faults[2].line == 3);
  CHECK(made.jobs == 1);
  CHECK(made.toml.find("# Line 1 could not be taken over.") != std::string::npos);
  CHECK(made.toml.find("mailed to nobody") != std::string::npos);
  CHECK(file_of(made).job.count("ok") == 1);
  const auto nowhere = import_crontab("0 0 * * * ok\n", {});
  CHECK(nowhere.toml.find("# zone: not known, so it is UTC") != std::string::npos);
  file_of(nowhere);
  CHECK(import_crontab("", {}).toml.empty());
}

TEST_CASE("crontab: names are made of anything, and no two are alike") {
  const auto f =
    file_of(import_crontab("@daily $HOME/ü\n@daily /\n@daily \"a b\" c\n@daily x\n@daily y/x\n@daily x-2\n", berlin()));
  CHECK(f.job.size() == 6);
  CHECK(f.job.count("x") == 1);
  CHECK(f.job.count("x-2") == 1);
  CHECK(f.job.count("x-2-2") == 1);
}
