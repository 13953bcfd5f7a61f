#include <doctest/doctest.h>

#include "test/unit/http/http_rig.hpp"

/// What the routes answer.
using namespace djm;
using namespace djm::http;
using namespace djm::http::test;

TEST_CASE("job model: 200 with its content type, 404 before it exists, 500 on a failure") {
  site s;
  auto a = s.get("/");
  CHECK(a.status == 200);
  CHECK(a.type == "application/json");
  CHECK(json_of(a).at("jobs")[0].at("items").size() == 4);
  auto none = *s.from.cluster;
  none.leader = node_id{};
  s.from.cluster = std::make_shared<cluster_view>(none);
  a = s.get("/");
  CHECK(a.status == 404);
  CHECK(json_of(a).at("type") == "urn:djm:not_ready");
  s.from.cluster = nullptr;
  s.from.failed = error{errc::not_connected, "the store is away"};
  CHECK(s.get("/").status == 404);
  s.from.failed = error{errc::internal, "put in"};
  a = s.get("/");
  CHECK(a.status == 500);
  CHECK(a.type == "application/problem+json");
  CHECK(json_of(a).at("detail") == "put in");
}

TEST_CASE("page: a browser gets the console, its files by name, and strict rules") {
  site s;
  auto r = site::ask(verb::get, "/");
  r.headers[1].second = "text/html,application/xhtml+xml";
  s.from.cluster = nullptr; // it needs nothing
  const auto a = s.answer_to(r);
  CHECK(a.status == 200);
  CHECK(a.body == "<!doctype html>");
  CHECK(header_in(a, "Content-Security-Policy").rfind("default-src 'none'", 0) == 0);
  CHECK(header_in(a, "X-Content-Type-Options") == "nosniff");
  CHECK(s.get("/console/app.js").status == 200);
  CHECK(s.get("/console/..%2Fsecret").status == 404);
  CHECK(s.get("/console/").status == 404);
}

TEST_CASE("health: yes or no, and which check says no") {
  site s;
  for (const auto* path : {"/live", "/ready", "/leader"}) {
    CHECK(s.get(path).status == 200);
  }
  auto x = *s.from.status;
  x.ready = false;
  x.election.role = election_role::candidate;
  s.from.status = std::make_shared<node_status>(x);
  CHECK(s.get("/live").status == 200);
  CHECK(s.get("/leader").status == 503);
  const auto a = s.get("/ready");
  CHECK(a.status == 503);
  for (const auto& check : json_of(a).at("checks")) {
    CHECK(check.at("ok") == (check.at("name") != "locked"));
  }
  s.from.status = nullptr;
  s.from.failed = error{errc::shutting_down, ""};
  CHECK(s.get("/live").status == 503);
}

TEST_CASE("items: filters, and pages that go on where the last one ended") {
  site s;
  const auto total = [&](const char* target) { return json_of(s.get(target)).at("total").get<int>(); };
  CHECK(total("/v1/items") == 4);
  CHECK(total("/v1/items?state=unassigned") == 1);
  CHECK(total("/v1/items?state=waiting") == 1);
  CHECK(total("/v1/items?state=locked") == 1);
  CHECK(total("/v1/items?state=contested") == 1);
  CHECK(total("/v1/items?node=node-2") == 2);
  CHECK(total("/v1/items?q=EU") == 1);
  CHECK(total("/v1/items?job=mail-2") == 0);
  CHECK(total("/v1/locks") == 2);
  CHECK(total("/v1/jobs/mail/items") == 4);
  CHECK(s.get("/v1/jobs/none/items").status == 404);
  std::vector<std::string> seen;
  std::string target = "/v1/items?limit=3";
  for (int i = 0; i < 5 && !target.empty(); ++i) {
    const auto page = json_of(s.get(target));
    for (const auto& x : page.at("items")) {
      seen.push_back(x.at("item"));
    }
    target = page.at("next").is_null() ? "" : "/v1/items?limit=3&cursor=" + page.at("next").get<std::string>();
  }
  CHECK(seen == std::vector<std::string>{"asia", "eu", "us", "zz"});
}

TEST_CASE("rows: numbers that a browser would round are texts as well") {
  site s;
  const auto item = json_of(s.get("/v1/items?limit=1")).at("items")[0];
  CHECK(item.at("token_text") == "9007199254740993");
  CHECK(json_of(s.get("/v1/cluster")).at("epoch_text") == "9007199254740993");
}

TEST_CASE("cluster: sums over workers, jobs and items") {
  site s;
  const auto c = json_of(s.get("/v1/cluster"));
  CHECK(c.at("workers").at("alive") == 2);
  CHECK(c.at("workers").at("gone") == 1);
  CHECK(c.at("jobs_disabled") == 1);
  CHECK(c.at("jobs_paused") == 1);
  CHECK(c.at("health").at("state") == "failing");
  CHECK(c.at("health").at("reasons")[0] == "1 item without an owner");
  CHECK(c.at("candidates") == nlohmann::json{"node-1", "node-2"});
  CHECK(json_of(s.get("/v1/jobs/mail-2")).at("job").at("paused") == true);
  CHECK(json_of(s.get("/v1/jobs/mail-2")).at("job").at("rev") == 3);
  CHECK(c.at("counts").at("items") == 4);
  CHECK(c.at("unassigned_because").at("not_planned") == 1);
  CHECK(c.at("writable") == false);
  const auto w = json_of(s.get("/v1/workers/node-1"));
  CHECK(w.at("leader") == true);
  CHECK(w.at("locked") == 2);
  CHECK(s.get("/v1/workers/none").status == 404);
  const auto j = json_of(s.get("/v1/jobs/mail"));
  CHECK(j.at("job").at("spread") == 1);
  CHECK(j.at("owners").at("node-2") == 2);
  CHECK(j.at("here").is_null());
  CHECK(json_of(s.get("/v1/jobs")).at("total") == 2);
  CHECK(json_of(s.get("/v1/plan")).at("leading") == false);
  CHECK(s.get("/v1/config").status == 404);
}

TEST_CASE("parameters: a bad one is named, and one that means nothing as well") {
  site s;
  for (const auto* bad :
       {"/v1/items?limit=0", "/v1/items?limit=1001", "/v1/items?limit=1x", "/v1/items?cursor=%21",
        "/v1/items?state=gone", "/v1/items?nodes=a", "/v1/status?q=1", "/v1/jobs/a%20b", "/v1/workers/.."}) {
    INFO(bad);
    const auto a = s.get(bad);
    CHECK(a.status == 400);
    CHECK(json_of(a).at("detail").get<std::string>().size() > 10);
  }
}

TEST_CASE("ETag: it depends on the content, and who knows it is told nothing again") {
  site s;
  const auto first = s.get("/v1/cluster");
  auto r = site::ask(verb::get, "/v1/cluster");
  r.headers.emplace_back("If-None-Match", header_in(first, "ETag"));
  const auto again = s.answer_to(r);
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  auto c = *s.from.cluster;
  c.all_disabled = true;
  s.from.cluster = std::make_shared<cluster_view>(c);
  CHECK(s.answer_to(r).status == 200);
}

TEST_CASE("writes: the body says what, If-Match says of what") {
  site s;
  s.settings.gate.writes = true;
  const auto mark = [&](std::string body, std::string only_if) {
    auto r = site::ask(verb::patch, "/v1/workers/node-2", std::move(body));
    r.headers.emplace_back("If-Match", std::move(only_if));
    return s.result_of(r);
  };
  const auto tag = header_in(s.get("/v1/workers/node-2"), "ETag");
  const auto done = mark(R"({"draining":true})", tag);
  const auto& o = std::get<order>(done);
  CHECK(o.worker == "node-2");
  CHECK(o.draining == true);
  CHECK_FALSE(o.cordoned);
  CHECK(std::get<answer>(mark(R"({"draining":true})", "\"0000\"")).status == 412);
  CHECK(std::get<answer>(mark("{}", tag)).status == 400);
  CHECK(std::get<answer>(mark(R"({"draning":true})", tag)).status == 400);
  CHECK(std::get<answer>(mark("[", tag)).status == 400);
  auto off = site::ask(verb::patch, "/v1/jobs/mail", R"({"enabled":false})");
  off.headers.emplace_back("If-Match", header_in(s.get("/v1/jobs/mail"), "ETag"));
  CHECK(std::get<order>(s.result_of(off)).enabled == false);
  auto all = site::ask(verb::patch, "/v1/cluster", R"({"all_disabled":true})");
  CHECK(std::get<order>(s.result_of(all)).enabled == false);
}

TEST_CASE("writes: what the node says becomes a status") {
  const http_core core{site{}.settings};
  call c;
  for (const auto& r : routes()) {
    if (r.what == operation::trigger) {
      c.to = &r;
    }
  }
  const auto status = [&](errc code) {
    order_answer r;
    r.failed = error{code, "why"};
    return core.concluded(c, r).status;
  };
  CHECK(status(errc::unknown_job) == 404);
  CHECK(status(errc::invalid_state) == 409);
  CHECK(status(errc::backlog_full) == 429);
  CHECK(status(errc::not_connected) == 503);
  CHECK(status(errc::timed_out) == 504);
  order_answer unknown;
  unknown.failed = error{errc::unknown_outcome, "why"};
  CHECK(json_of(core.concluded(c, unknown)).at("code") == "may_be_applied");
  order_answer three;
  three.runs = 3;
  CHECK(core.concluded(c, three).body == R"({"runs":3})");
}

TEST_CASE("stoppable: each input in exactly one list, and not all that can do a job") {
  site s;
  const auto a = json_of(
    s.answer_to(site::ask(verb::post, "/v1/stoppable", R"({"nodes":["node-3","node-1","node-2","x","node-1"]})")));
  CHECK(a.at("stoppable") == nlohmann::json{"node-3", "node-1"});
  REQUIRE(a.at("refused").size() == 2);
  CHECK(a.at("refused")[0].at("node") == "node-2");
  CHECK(a.at("refused")[1].at("node") == "x");
  CHECK(s.answer_to(site::ask(verb::post, "/v1/stoppable", "{")).status == 400);
}

TEST_CASE("what if: it is for a client to say, and only if there is one") {
  site s;
  const auto ask = [](const char* body) { return site::ask(verb::post, "/v1/plan/what-if", body); };
  CHECK(json_of(s.answer_to(ask("{}"))).at("code") == "no_client");
  s.settings.has_client = true;
  CHECK(s.answer_to(ask(R"({"drian":[]})")).status == 400);
  const auto done = s.result_of(ask(R"({"without":["node-2"],"max_moves":3})"));
  const auto& o = std::get<order>(done);
  CHECK(o.question.without == std::vector<node_id>{"node-2"});
  CHECK(o.question.max_moves == 3);
  const auto stops = s.result_of(site::ask(verb::post, "/v1/stoppable", R"({"nodes":["node-1"]})"));
  CHECK(std::get<order>(stops).nodes == std::vector<node_id>{"node-1"});
}

TEST_CASE("records: orders about a job for the whole cluster, each under the rev that If-Match names") {
  site s;
  s.settings.gate.writes = true;
  const auto ask = [&](verb how, const char* path, const char* body, const char* only_if = nullptr) {
    auto r = site::ask(how, path, body);
    if (only_if != nullptr) {
      r.headers.emplace_back("If-Match", only_if);
    }
    return s.result_of(r);
  };
  const auto configured = std::get<order>(ask(verb::put, "/v1/jobs/mail/config", R"({"batch":5})", "\"7\""));
  CHECK(configured.what == operation::configure_job);
  CHECK(configured.config.to_json() == R"({"batch":5})");
  CHECK(configured.rev == 7);
  CHECK(std::get<answer>(ask(verb::put, "/v1/jobs/mail/config", "[]")).status == 400);
  CHECK(std::get<answer>(ask(verb::put, "/v1/jobs/mail/config", "{}", "7")).status == 400);
  CHECK_FALSE(std::get<order>(ask(verb::put, "/v1/jobs/mail/config", "{}", "*")).rev);

  const auto path = "/v1/jobs/mail/record";
  const auto slowed = std::get<order>(ask(verb::patch, path, R"({"overrides":{"stop_grace":"9s"},"replace":true})"));
  CHECK(slowed.replace);
  CHECK(slowed.config.to_json() == R"({"stop_grace":"9s"})");
  CHECK(std::get<order>(ask(verb::patch, path, R"({"paused":false})")).paused == false);
  for (const auto* body : {"{}", R"({"paused":true,"overrides":{}})", R"({"pause":true})"}) {
    CHECK(std::get<answer>(ask(verb::patch, path, body)).status == 400);
  }
  CHECK(std::get<order>(ask(verb::remove, "/v1/jobs/mail", "")).what == operation::remove_job);
  CHECK(std::get<answer>(ask(verb::remove, "/v1/jobs/mail", "", "\"7\"")).status == 400);
  CHECK_FALSE(std::get<order>(ask(verb::post, "/v1/jobs/mail/trigger", "")).everywhere);
  const auto once = std::get<order>(ask(verb::post, "/v1/jobs/mail/trigger", R"({"everywhere":true,"request":"t"})"));
  CHECK(once.everywhere);
  CHECK(once.request == "t");
}

TEST_CASE("records: what was written says its rev, and what was changed meanwhile is 412 for who named one") {
  const http_core core{site{}.settings};
  call c;
  for (const auto& r : routes()) {
    c.to = r.what == operation::configure_job ? &r : c.to;
  }
  order_answer done;
  done.rev = 8;
  CHECK(core.concluded(c, done).body == R"({"rev":8})");
  order_answer conflict;
  conflict.failed = error{errc::conflict, "job \"mail\" is at revision 8"};
  CHECK(core.concluded(c, conflict).status == 409);
  c.only_if = "\"7\"";
  CHECK(core.concluded(c, conflict).status == 412);
}

TEST_CASE("runs: of a job, an item, with an end, and so many") {
  site s;
  const auto o = std::get<order>(s.result_of(site::ask(verb::get, "/v1/runs?job=mail&item=eu&outcome=failed&limit=3")));
  CHECK(o.history.job == "mail");
  CHECK(o.history.item == "eu");
  CHECK(o.history.outcome == run_outcome::failed);
  CHECK(o.history.limit == 3);
  CHECK(s.get("/v1/runs?outcome=well").status == 400);
  CHECK(s.get("/v1/runs?cursor=x").status == 400);
}

TEST_CASE("runs: those that go on come with those that are over, by job and item") {
  site s;
  auto st = healthy_node();
  st.unanswered = {"runner x"};
  runner_status mail;
  mail.job = "mail";
  mail.active_runs = 102;
  active_run_status one;
  one.run = 7;
  one.holding = {"asia", "eu"};
  one.items = 2;
  one.since = std::chrono::minutes{3};
  one.stopping = stop_reason::revoked;
  one.progress = {4, 10, "copying"};
  auto two = one;
  two.run = 8;
  two.holding = {"us"};
  mail.runs = {one, two};
  runner_status other;
  other.job = "other";
  other.active_runs = 1;
  other.runs = {two};
  st.jobs = {mail, other};
  s.from.status = std::make_shared<node_status>(st);
  const auto under_way = [&](const char* target) {
    return std::get<order>(s.result_of(site::ask(verb::get, target))).runs;
  };
  const auto all = under_way("/v1/runs");
  CHECK(all.node == "node-1");
  CHECK(all.unanswered == std::vector<std::string>{"runner x"});
  REQUIRE(all.under_way.size() == 3);
  CHECK(all.under_way[0].node == "node-1");
  CHECK(all.under_way[0].job == "mail");
  CHECK(all.under_way[0].run == 7);
  CHECK(all.under_way[0].items == std::vector<item_id>{"asia", "eu"});
  CHECK(all.under_way[0].since == std::chrono::minutes{3});
  CHECK(all.under_way[0].stopping == stop_reason::revoked);
  CHECK(all.under_way[0].progress.done == 4);
  CHECK(all.under_way_left_out == 100); // a node tells a hundred of each job
  CHECK(under_way("/v1/runs?job=other").under_way.size() == 1);
  CHECK(under_way("/v1/runs?job=other").under_way_left_out == 0);
  CHECK(under_way("/v1/runs?job=nothing").under_way.empty());
  const auto of_item = under_way("/v1/runs?job=mail&item=eu");
  REQUIRE(of_item.under_way.size() == 1);
  CHECK(of_item.under_way[0].run == 7);
  CHECK(under_way("/v1/runs?limit=1").under_way.size() == 1);
  CHECK(under_way("/v1/runs?limit=1").under_way_left_out == 102);
  CHECK(under_way("/v1/runs?outcome=failed").under_way.empty()); // what goes on has not ended in any way
}

TEST_CASE("workers: where each is reached, as it stands in the tree") {
  site s;
  auto c = small_cluster();
  c.workers[1].http_url = "javascript:alert(1)";
  s.from.cluster = std::make_shared<cluster_view>(c);
  CHECK(json_of(s.get("/v1/workers/node-2")).at("http_url") == "javascript:alert(1)");
  CHECK(json_of(s.get("/v1/workers/node-1")).at("http_url") == "");
}

TEST_CASE("records: they are for a client to read, and only if there is one") {
  site s;
  CHECK(json_of(s.get("/v1/jobs/mail/record")).at("code") == "no_client");
  s.settings.has_client = true;
  CHECK(std::get<order>(s.result_of(site::ask(verb::get, "/v1/jobs/mail/record"))).job == "mail");
}
