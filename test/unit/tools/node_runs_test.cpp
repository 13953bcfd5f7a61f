#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "fake_web.hpp"
#include "temp_dir.hpp"
#include "tool_rig.hpp"

/// What nodes say of their runs, at the addresses that the tree tells: those may be anybody's.
using namespace djm;
using namespace djm::test;
using json = nlohmann::json;

namespace {

constexpr const char* nobody = "http://127.0.0.1:1"; // no server of this machine listens there

past_run over(const node_id& node, run_id run, std::int64_t started_ms) {
  past_run r;
  r.node = node;
  r.job = "mail";
  r.run = run;
  r.items = {{"asia", 5}};
  r.item_count = 1;
  r.started_ms = started_ms;
  return r;
}

http::run_under_way going(const node_id& node, run_id run, std::vector<item_id> items) {
  http::run_under_way r;
  r.node = node;
  r.job = "mail";
  r.run = run;
  r.items = std::move(items);
  r.since = std::chrono::minutes{3};
  r.progress = {40, 100, "copying"};
  return r;
}

http::run_page page_of(const node_id& node) {
  http::run_page p;
  p.node = node;
  return p;
}

std::ptrdiff_t lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

} // namespace

TEST_CASE("tool: runs are asked of every living node that tells its address, and merged, the latest first") {
  auto first = page_of("n1");
  first.runs = {over("n1", 2, 3000), over("n1", 1, 1000)};
  first.under_way = {going("n1", 3, {"asia", "europe"})};
  auto second = page_of("n2");
  second.runs = {over("n2", 9, 2000)};
  second.under_way_left_out = 4;
  second.unanswered = {"runner mail"};
  const fake_web one{web_answer(first)}, two{web_answer(second)}, gone{web_answer(page_of("n5"))};
  tool_rig r;
  r.enlist("n1", {}, true, one.url());
  r.enlist("n2", {}, true, two.url());
  const auto whole = r.run({"runs", "mail", "asia", "--limit", "2", "-o", "json"});
  CHECK(whole.code == 0);
  const auto rows = json::parse(whole.out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["run"] == 2);
  CHECK(rows[1]["run"] == 9);
  CHECK(contains(one.requests().at(0), "GET /v1/runs?limit=2&job=mail&item=asia HTTP/1.1"));
  CHECK(contains(whole.err, "node \"n2\" does not tell 4 runs more that go on"));
  CHECK(contains(whole.err, "runner mail"));

  const auto now = r.run({"runs", "--under-way"});
  CHECK(now.code == 0);
  CHECK(contains(now.out, "NODE  JOB   ITEMS    RUN  FOR   TRY  PROGRESS        STOPPING\n"
                          "n1    mail  asia +1  3    3min  1    40/100 copying  -\n"));
  CHECK(r.run({"runs", "--under-way", "--outcome", "failed"}).code == 2);

  // One that is dead, one that tells nothing, one that is not alive any more.
  r.enlist("n3", {}, true, nobody);
  r.enlist("n4", {});
  r.enlist("n5", {}, false, gone.url());
  const auto part = r.run({"runs", "-o", "json"});
  CHECK(part.code == 4);
  CHECK(json::parse(part.out).size() == 3);
  CHECK(contains(part.err, "djm runs: node \"n3\": http://127.0.0.1:1: "));
  CHECK(contains(part.err, "djm runs: no address to ask for runs is told by n4 "));
  CHECK(gone.requests().empty());
}

TEST_CASE("tool: where no node can be asked for its runs nothing is shown, and the code says so") {
  tool_rig r;
  const auto empty = r.run({"runs"});
  CHECK(empty.code == 4);
  CHECK(empty.out.empty());
  CHECK(contains(empty.err, "no node is alive"));
  r.enlist("n1", {});
  r.enlist("n2", {});
  const auto mute = r.run({"runs"});
  CHECK(mute.code == 4);
  CHECK(mute.out.empty());
  CHECK(mute.err == "djm runs: no address to ask for runs is told by n1, n2 (node_options::http_url)\n");
  CHECK(contains(r.run_bare({"runs"}).err, "name the nodes' HTTP addresses with --url or DJM_URL"));
}

TEST_CASE("tool: what the tree tells and is no address is followed by nobody, and said in one line") {
  for (const auto& url : {std::string{"javascript:alert(1)"}, std::string{"file:///etc/passwd"}, std::string(300, 'x'),
                          std::string{"http://n1@evil:80"}, std::string{"gopher://n1"}, std::string{"http://n1/../x"},
                          std::string{"http://n1\x1b[31m\n"}}) {
    CAPTURE(url);
    tool_rig r;
    r.enlist("n1", {}, true, url);
    const auto t = r.run({"runs"});
    CHECK(t.code == 4);
    CHECK(t.out.empty());
    CHECK(lines(t.err) == 1);
    CHECK(t.err.size() < 400);
    CHECK(contains(t.err, "djm runs: node \"n1\" tells an address that is none: "));
    CHECK_FALSE(contains(t.err, "\x1b"));
    CHECK(contains(r.run({"nodes", "-o", "wide"}).out, "URL"));
  }
}

TEST_CASE("tool: whoever answers in place of a node is bounded, and said in one line") {
  const fake_web elsewhere{web_answer(page_of("n1"))};
  const auto moved =
    "HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() + "/v1/runs\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  struct {
    std::string answer, said;
    int code;
  } const strangers[] = {
    {"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP", 4},
    {web_answer("<html>\x1b[31m</html>"), "that is no node of djm", 4},
    {web_answer("{}"), "no \"runs\"", 4},
    {web_answer("[1]"), "no \"runs\"", 4},
    {web_answer(R"({"runs":[{"run":"many"}]})"), "that is no node of djm", 4},
    {web_answer(std::string(10u << 20, '[')), "that is no node of djm", 4},
    {web_answer(std::string(10u << 20, 'x')), "that is no node of djm", 4},
    {web_answer(std::string(20u << 20, ' ')), "larger than 16 MiB", 4},
    {web_answer(page_of("n2")), "another node answers there, \"n2\"", 4},
    {web_answer(R"({"detail":")" + std::string(100'000, 'y') + "\"}", "500 Oops"), "(status 500)", 4},
    {web_answer(R"({"detail":"no token"})", "401 Unauthorized"), "no token (status 401)", 5},
    {moved, "status 302", 4},
    {{}, "no answer within 2s", 4},
  };
  for (const auto& s : strangers) {
    CAPTURE(s.said);
    const fake_web web{s.answer};
    tool_rig r;
    r.enlist("n1", {}, true, web.url());
    const auto t = r.run({"runs", "--timeout", s.answer.empty() ? "2s" : "30s"});
    CHECK(t.code == s.code);
    CHECK(t.out.empty());
    CHECK(lines(t.err) == 1);
    CHECK(t.err.size() < 600);
    CHECK(contains(t.err, s.said));
    CHECK_FALSE(contains(t.err, "\x1b"));
  }
  CHECK(elsewhere.requests().empty());
}

TEST_CASE("tool: the token goes along to the nodes that are asked") {
  const temp_dir folder;
  const auto file = (folder.path() / "token").string();
  std::ofstream{file} << "0123456789abcdef\n";
  const fake_web web{web_answer(page_of("n1"))};
  tool_rig r;
  r.enlist("n1", {}, true, web.url());
  CHECK(r.run({"runs", "--token-file", file}).code == 0);
  CHECK(contains(web.requests().at(0), "Authorization: Bearer 0123456789abcdef\r\n"));
  r.environment["DJM_TOKEN_FILE"] = file;
  CHECK(r.run({"stoppable", "n1"}).code == 3); // it is the last one
  CHECK(contains(web.requests().at(1), "Authorization: Bearer 0123456789abcdef\r\n"));
  CHECK(r.run({"drain", "n1", "--timeout", "5s", "--token-file", "/nowhere"}).code == 2);
  CHECK_FALSE(r.has("/djm/marks/n1"));
}

TEST_CASE("tool: a drain says item by item what is held, and by which run") {
  auto page = page_of("n1");
  page.under_way = {going("n1", 7, {"africa"}), going("n1", 8, {"else"})};
  page.under_way[0].stopping = stop_reason::revoked;
  const fake_web web{web_answer(page)};
  tool_rig r;
  r.enlist("n1", {"mail"}, true, web.url());
  r.add_job("mail", {"africa", "asia"});
  r.assign("n1", "mail", {"africa", "asia"});
  r.lock("n1", "mail", "africa");
  const auto t = r.run({"drain", "n1", "--timeout", "1s"});
  CHECK(t.code == 3);
  CHECK(contains(t.err, "in run 7 for 3min, 40/100 copying, asked to stop: revoked\n  mail/asia  assigned\n"));
  CHECK(contains(t.out, "JOB   ITEM    TOKEN"));
  CHECK(contains(t.out, "7    3min  40/100 copying  revoked\n"));
  CHECK(contains(t.out, "mail  asia    -"));
  const auto rows = json::parse(r.run({"drain", "n1", "--timeout", "1s", "-o", "json"}).out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["item"] == "africa");
  CHECK(rows[0]["token"].get<std::int64_t>() > 0);
  CHECK(rows[0]["run"]["run"] == 7);
  CHECK(rows[0]["run"]["stopping"] == "revoked");
  CHECK(rows[0]["run"]["since"] == "3min");
  CHECK(rows[1]["run"].is_null());
}

TEST_CASE("tool: a drain of a node that cannot be asked shows what is held all the same, and says why once") {
  for (const auto& url : {std::string{}, std::string{nobody}, std::string{"file:///etc/passwd"}}) {
    CAPTURE(url);
    tool_rig r;
    r.enlist("n1", {"mail"}, true, url);
    r.add_job("mail", {"africa"});
    r.assign("n1", "mail", {"africa"});
    r.lock("n1", "mail", "africa");
    const auto t = r.run({"drain", "n1", "--timeout", "1s"});
    CHECK(t.code == 3);
    const std::string why = "djm drain: which runs hold the items is not known: node \"n1\"";
    const auto said = t.err.find(why);
    CHECK(said != std::string::npos);
    CHECK(t.err.find(why, said + 1) == std::string::npos);
    CHECK(contains(t.out, "mail  africa"));
    CHECK(contains(t.out, "-    -    -         -\n"));
  }
}

TEST_CASE("tool: which nodes may be stopped comes with the runs that go on there") {
  auto page = page_of("n1");
  page.under_way = {going("n1", 7, {"africa"})};
  const fake_web web{web_answer(page)};
  tool_rig r;
  r.enlist("n1", {"mail"}, true, web.url());
  r.enlist("n2", {"mail"});
  r.enlist("n3", {"mail"}, true, nobody);
  r.enlist("n4", {"mail"});
  const auto t = r.run({"stoppable", "n1", "n2", "n3"});
  CHECK(t.code == 0);
  CHECK(contains(t.out, "n1    yes        -\n"));
  CHECK(contains(t.out, "\n\nNODE  JOB   ITEMS   RUN"));
  CHECK(contains(t.out, "n1    mail  africa  7"));
  CHECK(contains(t.err, "djm stoppable: no address to ask for runs is told by n2 "));
  CHECK(contains(t.err, "djm stoppable: node \"n3\": http://127.0.0.1:1: "));
  const auto j = json::parse(r.run({"stoppable", "n1", "n2", "n3", "-o", "json"}).out);
  REQUIRE(j["under_way"].size() == 1);
  CHECK(j["under_way"][0]["run"] == 7);
  REQUIRE(j["unknown"].size() == 2);
  CHECK(j["unknown"][0]["node"] == "n2");
  CHECK(j["unknown"][1]["node"] == "n3");
}
