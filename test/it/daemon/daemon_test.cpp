#include <algorithm>
#include <cerrno>

#include "support.hpp"

using namespace djm::test;

TEST_CASE("djmd: --check names each fault with its line, and says that a good file is fine") {
  const daemon_rig rig;
  const auto bad =
    rig.write("bad.toml", "a/b", "[job.x]\nprogram = []\nevery = \"0s\"\n[http]\naddress = \"nowhere\"\n");
  auto p = rig.start({"--check", bad}, "bad.txt");
  CHECK(p.wait(60s) == 1);
  const auto said = content_of(rig.path("bad.txt"));
  for (const auto* part : {":2: node: id: ", ":9: job.x: program is empty", ":10: job.x.every: "}) {
    CHECK_MESSAGE(said.find(bad + part) != std::string::npos, (said + part));
  }
  const auto good = rig.write("good.toml", "one", "[job.x]\nprogram = [\"/bin/true\"]\nevery = \"1s\"\n");
  auto fine = rig.start({"--check", good}, "good.txt");
  CHECK(fine.read_rest(60s) == good + ": fine, 1 job\n");
  CHECK(fine.wait(60s) == 0);
  auto none = rig.start({rig.path("none.toml").string()}, "none.txt");
  CHECK(none.wait(60s) == 1);
  CHECK(content_of(rig.path("none.txt")).find("No such file") != std::string::npos);
  auto misused = rig.start({}, "misused.txt");
  CHECK(misused.wait(60s) == 2);
}

TEST_CASE("djmd: runs what is in the file, SIGHUP takes what is new, a bad file changes nothing, SIGTERM ends it") {
  const daemon_rig rig;
  const auto job = [&](const std::string& name) {
    return "[job." + name + "]\nitems = [\"i\"]\nevery = \"100ms\"\nprogram = [\"/bin/sh\", \"-c\", \"echo " + name +
           " $DJM_ITEM $DJM_NODE >> " + rig.path("out").string() + "\"]\nstop_grace = \"1s\"\n";
  };
  const auto file = rig.write("djmd.toml", "one", job("a"));
  auto p = rig.start({file}, "err.txt");
  const auto runs = [&](const std::string& line) {
    const auto all = lines_of(rig.path("out"));
    return std::count(all.begin(), all.end(), line);
  };
  REQUIRE(comes_true([&] { return runs("a i one") >= 2; }));

  rig.write("djmd.toml", "one", job("a") + "no_such_key = 1\n");
  p.signal(SIGHUP);
  CHECK(
    comes_true([&] { return content_of(rig.path("err.txt")).find("djmd: nothing was changed") != std::string::npos; }));
  const auto before = runs("a i one");
  CHECK(comes_true([&] { return runs("a i one") >= before + 2; }));

  rig.write("djmd.toml", "one", job("b") + "[http]\nport = 0\n");
  p.signal(SIGHUP);
  CHECK(comes_true([&] { return runs("b i one") >= 2; }));
  CHECK(content_of(rig.path("err.txt")).find("changed in [http] takes effect with the next start") !=
        std::string::npos);
  const auto last = runs("a i one");
  CHECK(comes_true([&] { return runs("b i one") >= 6; }));
  CHECK(runs("a i one") == last);

  p.signal(SIGTERM);
  CHECK(p.wait(60s) == 0);
  const auto ended = lines_of(rig.path("out")).size();
  CHECK(lines_of(rig.path("out")).size() == ended);
}

TEST_CASE("djmd: after a kill the next one starts no command before those of the first are gone, and two do not share "
          "a folder") {
  const daemon_rig rig;
  const auto out = rig.path("out").string();
  const auto file = rig.write("djmd.toml", "one",
                              "[job.a]\nitems = [\"i\"]\nevery = \"100ms\"\nstop_grace = \"8s\"\n"
                              "program = [\"/bin/sh\", \"-c\", \"trap '' TERM; echo $$ >> " +
                                out + "; while :; do sleep 0.1; done\"]\n");
  auto first = rig.start({file}, "first.txt");
  REQUIRE(comes_true([&] { return lines_of(out).size() == 1; }));
  const auto command = std::stoi(lines_of(out)[0]);
  auto twin = rig.start({file}, "twin.txt");
  CHECK(twin.wait(60s) == 1);
  CHECK(content_of(rig.path("twin.txt")).find("is another process's, which lives") != std::string::npos);
  first.kill();
  CHECK(kill(command, 0) == 0); // it has its grace
  auto second = rig.start({file}, "second.txt");
  REQUIRE(comes_true([&] { return lines_of(out).size() == 2; }));
  CHECK(kill(command, 0) != 0);
  CHECK(errno == ESRCH);
  const auto begun = std::chrono::steady_clock::now();
  second.signal(SIGTERM);
  second.signal(SIGTERM); // does not wait for what goes on
  CHECK(second.wait(60s) == 0);
  CHECK(comes_true([&] { return kill(std::stoi(lines_of(out)[1]), 0) != 0; }));
  MESSAGE("ended after ", std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(), " s");
}

TEST_CASE(
  "djmd: what is to run at the start does so once, a service that fails is tried again, and each failure is told") {
  const daemon_rig rig;
  const auto shell = [](const std::string& script) {
    return "program = [\"/bin/sh\", \"-c\", \"" + script + "\"]\nstop_grace = \"1s\"\n";
  };
  const auto out = rig.path("out").string(), told = rig.path("told").string();
  const auto file = rig.write(
    "djmd.toml", "one",
    "[on_failure]\nprogram = [\"/bin/sh\", \"-c\", \"echo $DJM_JOB $DJM_ITEM $DJM_OUTCOME $DJM_NODE: $DJM_ERROR >> " +
      told + "\"]\n[job.warm]\nat_start = true\n" + shell("echo warm $DJM_ITEM >> " + out) +
      "[job.relay]\nitems = [\"r\"]\nservice = true\nrestart_after = \"50ms\"\nstart_time = \"1h\"\n"
      "retry_after = \"20ms\"\nmost_retry = \"50ms\"\n" +
      shell("echo relay >> " + out));
  const auto count = [&](const std::string& line) {
    const auto all = lines_of(out);
    return std::count(all.begin(), all.end(), line);
  };
  for (const int start : {1, 2}) {
    auto p = rig.start({file}, "err" + std::to_string(start) + ".txt");
    CHECK(comes_true([&] { return count("warm one") == start && count("relay") >= 4 * start; }));
    CHECK(comes_true([&] { return lines_of(told).size() >= 3; }));
    p.signal(SIGTERM);
    CHECK(p.wait(60s) == 0);
    CHECK(count("warm one") == start);
  }
  const auto first = lines_of(told).front();
  CHECK_MESSAGE(first.substr(0, 34) == "relay r failed one: it ended after", first);
  CHECK_MESSAGE(first.find("(start_time)") != std::string::npos, first);
}

TEST_CASE("djmd: a crontab becomes a file that --check takes, and lines that do not are named") {
  const daemon_rig rig;
  const auto crontab = rig.path("crontab").string();
  std::ofstream{crontab} << "30 2 * * * /bin/true\n@reboot /bin/echo up\nnonsense\n";
  auto p = rig.start({"--import-crontab", crontab, "--zone", "Europe/Berlin"}, "import.txt");
  const auto toml = p.read_rest(60s);
  CHECK(p.wait(60s) == 1);
  CHECK(content_of(rig.path("import.txt")).find(crontab + ":3: there is no command") != std::string::npos);
  const auto file = rig.write("imported.toml", "one", "[node.store]\nsession_timeout = \"30s\"\n" + toml);
  auto check = rig.start({"--check", file}, "check.txt");
  CHECK(check.read_rest(60s) == file + ": fine, 2 jobs\n");
  CHECK_MESSAGE(check.wait(60s) == 0, content_of(rig.path("check.txt")));
  auto misused = rig.start({"--import-crontab", "--zone"}, "misused.txt");
  CHECK(misused.wait(60s) == 2);
}
