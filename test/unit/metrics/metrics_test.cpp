#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "djm/metrics.hpp"
#include "metrics/metric_table.hpp"

/// The table of metrics, and how it becomes text.
using namespace djm;
using namespace std::chrono_literals;

namespace {

node_status busy_node() {
  node_status s;
  s.node = "node-1";
  s.state = node_lifecycle::running;
  s.ready = true;
  s.manager.leading = true;
  s.manager.workers = 3;
  s.manager.unassigned = {{job_id{"mail"}, item_id{"eu"}, "", plan_rule::no_workers}};
  s.manager.unassigned_items = 4;
  s.worker.lease_left = -1500ms;
  runner_status mail;
  mail.job = "mail";
  mail.items = {{item_id{"us"}, 7}};
  mail.next_start = 250ms;
  mail.counters.started = 12;
  mail.counters.finished = 10;
  mail.counters.failed = 1;
  s.jobs = {mail};
  return s;
}

/// Whether the text has this line.
bool says(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

std::string whole_file(const std::string& path) {
  std::ifstream in{std::string{DJM_SOURCE_DIR} + "/" + path};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

TEST_CASE("metrics: every family has a valid name of djm's, a help in one sentence and its own place") {
  std::set<std::string> names;
  for (const auto& f : metric_families()) {
    INFO(f.name);
    CHECK(is_valid_metric_name(f.name));
    CHECK(f.name.rfind("djm_", 0) == 0);
    CHECK(names.insert(f.name).second);
    CHECK(f.help.back() == '.');
    CHECK(f.help.find('\n') == std::string::npos);
    const auto total = f.name.size() > 6 && f.name.compare(f.name.size() - 6, 6, "_total") == 0;
    CHECK(total == (f.type == metric_type::counter));
    for (const auto& l : f.labels) {
      CHECK((l == "job" || l == "outcome" || l == "kind" || l == "reason" || l == "state" || l == "phase" ||
             l == "scope" || l == "version"));
    }
  }
  CHECK(names.size() > 80);
}

TEST_CASE("metrics: names follow the rule of Prometheus") {
  CHECK(is_valid_metric_name("djm_runs_total"));
  CHECK(is_valid_metric_name(":a9"));
  for (const auto* bad : {"", "9a", "a-b", "a b", "\xc3\xa4"}) {
    CHECK_FALSE(is_valid_metric_name(bad));
  }
}

TEST_CASE("metrics: a node's numbers stand in its text, each with the node") {
  const auto text = metrics_text(busy_node());
  CHECK(says(text, R"(djm_ready{djmNodeId="node-1"} 1)"));
  CHECK(says(text, R"(djm_node_state{djmNodeId="node-1",state="running"} 1)"));
  CHECK(says(text, R"(djm_node_state{djmNodeId="node-1",state="stopped"} 0)"));
  CHECK(says(text, R"(djm_runs_started_total{djmNodeId="node-1",job="mail"} 12)"));
  CHECK(says(text, R"(djm_runs_finished_total{djmNodeId="node-1",job="mail",outcome="failed"} 1)"));
  CHECK(says(text, R"(djm_job_next_start_seconds{djmNodeId="node-1",job="mail"} 0.25)"));
  CHECK(says(text, R"(djm_lease_left_seconds{djmNodeId="node-1"} -1.5)"));
  CHECK(says(text, R"(djm_cluster_items_unassigned{djmNodeId="node-1",reason="no_workers"} 1)"));
  CHECK(says(text, R"(djm_cluster_items_unassigned{djmNodeId="node-1",reason="_other"} 3)"));
  CHECK(says(text, "# TYPE djm_runs_started_total counter"));
  std::istringstream lines{text};
  const std::regex sample{R"(djm_[a-z_]+\{djmNodeId="node-1"(,[a-z]+="[^"]*")*\} -?[0-9]+(\.[0-9]+)?)"};
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK((line.rfind("# HELP ", 0) == 0 || line.rfind("# TYPE ", 0) == 0 || std::regex_match(line, sample)));
  }
}

TEST_CASE("metrics: what is not known has no sample, and no head either") {
  auto s = busy_node();
  s.worker.lease_left.reset();
  s.manager.leading = false;
  s.jobs.clear();
  const auto text = metrics_text(s);
  CHECK(text.find("djm_lease_left_seconds") == std::string::npos);
  CHECK(text.find("djm_cluster_") == std::string::npos);
  CHECK(text.find("djm_runs_started_total") == std::string::npos);
  CHECK(text.find("djm_http_") == std::string::npos);
  http_status http;
  http.incoming = 3;
  CHECK(says(metrics_text(s, http), R"(djm_http_requests_total{djmNodeId="node-1"} 3)"));
}

TEST_CASE("metrics: beyond the limit jobs are summed up, and a job of that name with them") {
  node_status s;
  s.node = "n";
  runner_status other;
  other.job = "_other";
  other.counters.started = 5;
  s.jobs.push_back(other);
  for (int i = 0; i < 260; ++i) {
    runner_status j;
    j.job = job_id{"job-" + std::to_string(1000 + i)};
    j.counters.started = 1;
    s.jobs.push_back(j);
  }
  const auto text = metrics_text(s);
  CHECK(says(text, R"(djm_runs_started_total{djmNodeId="n",job="_other"} 65)"));
  CHECK(says(text, R"(djm_runs_started_total{djmNodeId="n",job="job-1199"} 1)"));
  CHECK(text.find("job-1200") == std::string::npos);
  CHECK(text.size() < 2u << 20);
  std::printf("figure: metrics of a node with 261 jobs take %zu KiB\n", text.size() / 1024);
}

TEST_CASE("metrics: a histogram tells each range with all below it, its sum and its number") {
  auto s = busy_node();
  auto& h = s.jobs[0].times.run_time;
  for (const auto d : {duration{0}, duration{1ms}, duration{2ms}, duration{3h}, duration{-5s}}) {
    h.add(d);
  }
  duration_histogram more;
  more.add(700ms);
  h.add(more);
  h.add(duration_histogram{});
  const auto text = metrics_text(s);
  const auto line = [](const char* end) { return std::string{R"(djm_run_duration_seconds_)"} + end; };
  CHECK(says(text, line(R"(bucket{djmNodeId="node-1",job="mail",le="0.001"} 3)")));
  CHECK(says(text, line(R"(bucket{djmNodeId="node-1",job="mail",le="0.005"} 4)")));
  CHECK(says(text, line(R"(bucket{djmNodeId="node-1",job="mail",le="1"} 5)")));
  CHECK(says(text, line(R"(bucket{djmNodeId="node-1",job="mail",le="7200"} 5)")));
  CHECK(says(text, line(R"(bucket{djmNodeId="node-1",job="mail",le="+Inf"} 6)")));
  CHECK(says(text, line(R"(sum{djmNodeId="node-1",job="mail"} 10800.703)")));
  CHECK(says(text, line(R"(count{djmNodeId="node-1",job="mail"} 6)")));
  CHECK(says(text, R"(djm_run_start_delay_seconds_count{djmNodeId="node-1",job="mail"} 0)"));
  h.add(duration::max());
  CHECK(h.sum == duration::max());
}

TEST_CASE("metrics: texts are escaped, and seconds are exact") {
  CHECK(escape_label("a\"b\\c\nd") == "a\\\"b\\\\c\\nd");
  CHECK(escape_help("a\"b\\c\nd") == "a\"b\\\\c\\nd");
  CHECK(seconds_text(0s) == "0");
  CHECK(seconds_text(1ns) == "0.000000001");
  CHECK(seconds_text(90s) == "90");
  CHECK(seconds_text(-2500ms) == "-2.5");
  CHECK(seconds_text(duration::min()) == "-9223372036.854775808");
}

TEST_CASE("metrics: the page on metrics names every family, and nothing that is none") {
  const auto page = whole_file("docs/guide/metrics.md");
  const std::regex named{"`(djm_[a-z_]+)`"};
  std::set<std::string> in_page;
  for (std::sregex_iterator i{page.begin(), page.end(), named}, end; i != end; ++i) {
    in_page.insert((*i)[1]);
  }
  std::set<std::string> in_table;
  for (const auto& f : metric_families()) {
    in_table.insert(f.name);
  }
  CHECK(in_page == in_table);
}
