#include "tools/djmd/daemon_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "djm/describe_fields.hpp"

using namespace djm;
using daemon::read_daemon_file;

namespace {

/// What stands before the table that is tried: five lines.
const std::string head = "[node]\nid = \"one\"\n[job.good]\nprogram = [\"/bin/true\"]\non_trigger = true\n";

std::string faults_of(const std::string& text) {
  std::string all;
  for (const auto& f : read_daemon_file(text).faults) {
    all += std::to_string(f.line) + ": " + f.text + "\n";
  }
  return all;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct tried_table {
  std::string header; ///< in brackets
  std::string key;    ///< as complaints begin
  std::vector<field_description> fields;
};

std::vector<tried_table> tables() {
  return {{"[node]", "node", describe_fields<node_config>()},
          {"[node.store]", "node.store", describe_fields<store_config>()},
          {"[http]", "http", describe_fields<daemon::http_table>()},
          {"[commands]", "commands", describe_fields<daemon::commands_table>()},
          {"[on_failure]", "on_failure", describe_fields<daemon::failure_table>()},
          {"[job.x]", "job.x", describe_fields<daemon::job_table>()}};
}

/// A document in which the key has this value; the line of the key is `line`.
std::string with_value(const tried_table& t, const std::string& key, const std::string& value, int& line) {
  if (t.header == "[node]") {
    line = 2;
    return t.header + "\n" + key + " = " + value + "\n" + (key == "id" ? "" : "id = \"one\"\n");
  }
  line = 7;
  return head + t.header + "\n" + key + " = " + value + "\n";
}

/// Of a range "1 to 10000" its bounds; empty where it has none.
std::vector<std::string> bounds_of(const std::string& range) {
  const auto at = range.find(" to ");
  return at == range.npos ? std::vector<std::string>{}
                          : std::vector<std::string>{range.substr(0, at), range.substr(at + 4)};
}

/// Is there a complaint about this line that begins with this key?
bool complains(const std::string& faults, int line, const std::string& key) {
  return has("\n" + faults, "\n" + std::to_string(line) + ": " + key);
}

} // namespace

TEST_CASE("daemon file: a file without a fault, and what is made of it") {
  const auto r = read_daemon_file("[node]\nid = \"one\"\nstore.connect = \"a:1,b:2\"\n[http]\nport = 8080\n"
                                  "[commands]\nmost = \"pidns\"\n[job.mail]\nitems = [\"eu\", \"us\"]\n"
                                  "cron = \"*/5 * * * *\"\nzone = \"Europe/Berlin\"\nprogram = [\"/bin/true\", \"x\"]\n"
                                  "umask = 0o027\nenvironment = {A = \"1\"}\ninput = \"json\"\nstop_grace = \"3s\"\n");
  CHECK(r.faults.empty());
  CHECK(r.file.node.store.connect == "a:1,b:2");
  CHECK(r.file.http->port == 8080);
  const auto& t = r.file.job.at("mail");
  const auto command = daemon::make_command(t);
  CHECK(command.program == std::vector<std::string>{"/bin/true", "x"});
  CHECK(command.umask == 027);
  CHECK(command.environment.at("A") == "1");
  CHECK(command.input == command_input::json);
  const auto built = daemon::make_builder("mail", t, "one").run([](job_context&) {}).build();
  REQUIRE(built);
  CHECK(built->code->work_pool() == std::vector<item_id>{"eu", "us"});
  const auto l = daemon::make_launcher(r.file);
  CHECK(l.most == containment::pidns);
  CHECK(l.node == "one");
  CHECK(l.run_folder.empty());
  CHECK(daemon::make_launcher(read_daemon_file(head).file).run_folder == "/run/djmd-one"); // the embedded store
}

TEST_CASE("daemon file: a service, what runs at the start, and what each node has for itself") {
  const auto r = read_daemon_file("[node]\nid = \"one\"\n"
                                  "[on_failure]\nprogram = [\"/bin/true\"]\n"
                                  "[job.relay]\nitems = [\"relay\"]\nservice = true\nprogram = [\"/bin/true\"]\n"
                                  "start_time = \"10s\"\nretry_after = \"2s\"\nmost_retry = \"30s\"\n"
                                  "[job.warm]\nat_start = true\nprogram = [\"/bin/true\"]\n"
                                  "[job.sweep]\nevery_node = true\nitems = [\"a\", \"b\"]\nevery = \"1s\"\n"
                                  "program = [\"/bin/true\"]\n");
  for (const auto& f : r.faults) {
    FAIL_CHECK(f.text);
  }
  const auto built = [&](const std::string& name) {
    auto d = daemon::make_builder(name, r.file.job.at(name), "one").run([](job_context&) {}).build();
    REQUIRE(d);
    return std::move(*d);
  };
  const auto relay = built("relay");
  CHECK(relay.spec.id == "relay");
  CHECK(relay.spec.schedule.kind == schedule_kind::fixed_delay);
  CHECK(relay.spec.schedule.period == std::chrono::seconds{1});
  CHECK(relay.spec.failures.retry.attempts_allowed == 1000);
  CHECK(relay.spec.failures.retry.max_delay == std::chrono::seconds{30});
  CHECK(daemon::make_command(r.file.job.at("relay")).start_time == std::chrono::seconds{10});
  const auto warm = built("warm");
  CHECK(warm.spec.id == "warm.one");
  CHECK(warm.spec.schedule.kind == schedule_kind::on_trigger);
  CHECK(warm.code->work_pool() == std::vector<item_id>{"one"});
  const auto sweep = built("sweep");
  CHECK(sweep.spec.id == "sweep.one");
  CHECK(sweep.code->work_pool() == std::vector<item_id>{"a", "b"});
  CHECK(daemon::make_command(*r.file.on_failure).program == std::vector<std::string>{"/bin/true"});
}

TEST_CASE("daemon file: what a service, a start and a hook must not say is named with its line") {
  const auto job = [](const std::string& keys) { return head + "[job.x]\nprogram = [\"/bin/true\"]\n" + keys; };
  CHECK(complains(faults_of(job("every = \"1s\"\nservice = true\n")), 6, "job.x: it must have one of every, rate"));
  CHECK(complains(faults_of(job("at_start = true\non_trigger = true\n")), 6, "job.x: it must have one of every, rate"));
  CHECK(complains(faults_of(job("every = \"1s\"\nstart_time = \"1s\"\n")), 9, "job.x.start_time: only a service"));
  CHECK(complains(faults_of(job("service = true\nattempts = 3\n")), 9, "job.x.attempts: a service is tried again"));
  CHECK(complains(faults_of(job("service = true\nrestart_after = \"1min\"\n")), 9, "job.x.restart_after: "));
  CHECK(complains(faults_of(job("service = true\nretry_after = \"1min\"\nmost_retry = \"1s\"\n")), 10,
                  "job.x.most_retry: 1s is less than retry_after, 1min"));
  CHECK(complains(faults_of(head + "[commands]\nlog_limit = 10000\nlog_total = 9999\n"), 8,
                  "commands.log_total: 9999 is less than commands.log_limit, 10000"));
  CHECK(complains(faults_of(head + "[on_failure]\nprogram = []\n"), 7, "on_failure: program is empty"));
  CHECK(complains(faults_of(head + "[on_failure]\nprogram = [\"/bin/true\"]\nuser = \"no such\"\n"), 8,
                  "on_failure.user: "));
}

TEST_CASE("daemon file: an unknown key in each table is named with its line") {
  for (const auto& t : tables()) {
    int line = 0;
    const auto text = with_value(t, "no_such_key", "1", line);
    CHECK_MESSAGE(complains(faults_of(text), line, t.key + ".no_such_key: unknown key"), faults_of(text));
  }
  CHECK(has(faults_of(head + "[jobs]\n"), "6: jobs: unknown key"));
}

TEST_CASE("daemon file: a value of the wrong type for each key is named with its line") {
  std::size_t tried = 0;
  for (const auto& t : tables()) {
    for (const auto& f : t.fields) {
      if (has(f.name, ".")) {
        continue; // the table of its own
      }
      // A date is nothing that any key takes, but a text could hold it.
      const auto* wrong = f.type == "text" || f.type == "word" ? "7" : "1979-05-27";
      int line = 0;
      const auto text = with_value(t, f.name, wrong, line);
      CHECK_MESSAGE(complains(faults_of(text), line, t.key + "." + f.name), (text + faults_of(text)));
      ++tried;
    }
  }
  CHECK(tried > 70);
}

TEST_CASE("daemon file: a value out of range for each key that has one is named with its line and the range") {
  std::size_t tried = 0;
  const auto attempt = [&](const tried_table& t, const std::string& key, const std::string& type,
                           const std::string& range) {
    const auto bounds = bounds_of(range);
    if (bounds.size() != 2 || bounds[0].empty()) {
      return;
    }
    const bool time = bounds[0].find_first_not_of("-0123456789") != std::string::npos;
    std::vector<std::string> outside{time ? "\"-1s\"" : "-1"};
    if (!time && std::stod(bounds[1]) < 9e17) {
      outside.push_back(std::to_string(std::stoll(bounds[1]) + 1));
    } else if (time) {
      outside.emplace_back("\"100000h\"");
    }
    for (const auto& value : outside) {
      int line = 0;
      const auto text = with_value(t, key, value, line);
      const auto place = t.key + "." + key;
      const auto faults = faults_of(text);
      CHECK_MESSAGE((complains(faults, line, place) || complains(faults, line, t.key + ": " + key)),
                    (text + faults + type));
      ++tried;
    }
  };
  for (const auto& t : tables()) {
    for (const auto& f : t.fields) {
      if (t.header.compare(0, 5, "[node") != 0) {
        attempt(t, f.name, f.type, f.range);
      }
    }
  }
  const auto all = tables();
  for (const auto& k : config_keys()) {
    if (k.type == config_type::time_span || k.type == config_type::integer) {
      const bool store = k.name.compare(0, 6, "store.") == 0;
      attempt(store ? tried_table{"[node]", "node", {}} : all[0], k.name, "", k.range);
    }
  }
  CHECK(tried > 60);
}

TEST_CASE("daemon file: what a range cannot say") {
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\n"), "6: job.x: it must have one of every, rate, cron"));
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\nrate = \"1s\"\n"), "and has 2"));
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\nzone = \"Europe/Berlin\"\n"),
            "9: job.x.zone: only cron has a time zone"));
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\ncron = \"* *\"\n"), "job \"x\": schedule: cron expression"));
  CHECK(has(faults_of(head + "[job.x]\nprogram = []\nevery = \"1s\"\n"), "7: job.x: program is empty"));
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\nremember = \"tracked\"\n"),
            "9: job.x.remember: only cron has slots to remember"));
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\ncron = \"* * * * * *\"\nremember = \"tracked\"\n"),
            "least_claim_gap"));
  const auto remembers =
    head + "[job.x]\nitems = [\"a\"]\nprogram = [\"a\"]\ncron = \"*/10 * * * * *\"\nremember = \"tracked\"\n"
           "least_claim_gap = \"10s\"\ncatch_up = \"all\"\nwindow = \"2h\"\n";
  CHECK(faults_of(remembers).empty());
  const auto read = read_daemon_file(remembers);
  const auto built = make_builder("x", read.file.job.at("x"), "one").run([](job_context&) {}).build();
  REQUIRE(built);
  CHECK(built->spec.slots.remember == slots::tracked);
  CHECK(built->spec.slots.window == std::chrono::hours{2});
  CHECK(built->spec.slots.least_claim_gap == std::chrono::seconds{10});
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\nuser = \"no-such-user\"\n"),
            "9: job.x.user: there is no user \"no-such-user\""));
  CHECK(has(faults_of(head + "[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\nstop_grace = \"50s\"\n"),
            "9: job.x.stop_grace: with commands.kill_reserve it is 51s"));
  CHECK(
    has(faults_of(head + "[commands]\nleast = \"cgroup\"\nmost = \"pidns\"\n"), "7: commands.least: cgroup is more"));
  CHECK(
    has(faults_of(head + "[commands]\nlog_folder = \"logs\"\n"), "7: commands.log_folder: \"logs\" is no absolute"));
  const auto r = read_daemon_file(head + "[http]\nport = 1\n",
                                  [](const daemon::http_table&) { return fail(errc::invalid_config, "no"); });
  REQUIRE(r.faults.size() == 1);
  CHECK(r.faults[0].line == 6);
}

TEST_CASE("daemon file: three faults are three lines, in their order, and a fault of the syntax comes alone") {
  CHECK(
    faults_of("[node]\nid = \"a/b\"\nmax_threads = 0\n[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\nstop_signal = 9\n")
      .find("\n3: ") != std::string::npos);
  const auto r = read_daemon_file("[node]\nid = \"a/b\"\nmax_threads = 0\n[job.x]\nprogram = [\"a\"]\nevery = \"1s\"\n"
                                  "stop_signal = 9\n");
  REQUIRE(r.faults.size() == 3);
  CHECK(r.faults[0].line == 2);
  CHECK(r.faults[1].line == 3);
  CHECK(r.faults[2].line == 7);
  const auto syntax = read_daemon_file("[node]\nid = \"x\nno = 1\n[node]\n");
  REQUIRE(syntax.faults.size() == 1);
  CHECK(syntax.faults[0].line == 2);
  CHECK(read_daemon_file("[node]\nid = \"x\"\nid = \"y\"\n").faults.size() == 1);
}

TEST_CASE("daemon file: the examples have no fault") {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator{DJM_SOURCE_DIR "/tools/djmd/examples"}) {
    std::ifstream in{entry.path()};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    CHECK_MESSAGE(faults_of(text).empty(), (entry.path().string() + "\n" + faults_of(text)));
    ++seen;
  }
  CHECK(seen == 3);
}
