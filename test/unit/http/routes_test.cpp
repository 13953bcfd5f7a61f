#include "http/routes.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "test/unit/http/http_rig.hpp"

/// The table of routes, and what is derived from it.
using namespace djm;
using namespace djm::http;
using namespace djm::http::test;

namespace {

std::string whole_file(const std::string& path) {
  std::ifstream in{std::string{DJM_SOURCE_DIR} + "/" + path};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

TEST_CASE("routes: each operation has one, each path and verb one operation") {
  std::set<std::string> paths;
  std::set<operation> operations;
  for (const auto& r : routes()) {
    INFO(std::string{r.path});
    CHECK(paths.insert(enum_text(r.how) + " " + r.path).second);
    CHECK(operations.insert(r.what).second);
    CHECK(parse_target(r.path));
    const bool changes = r.how == verb::patch || r.how == verb::put || r.how == verb::remove;
    const bool calls_code = r.what == operation::trigger || r.what == operation::ask;
    CHECK((r.who == access::writer) == (changes || calls_code));
  }
  CHECK(operations.size() == enum_names(operation{}).names.size());
}

TEST_CASE("routes: an unknown path, and a verb that a path does not know") {
  site s;
  CHECK(s.get("/nothing").status == 404);
  CHECK(s.get("/v1/jobs/mail/items/eu/explain/more").status == 404);
  CHECK(s.get("/v1//status").status == 404);
  const auto a = s.answer_to(site::ask(verb::put, "/v1/jobs/mail"));
  CHECK(a.status == 405);
  CHECK(header_in(a, "Allow") == "GET, HEAD, PATCH, DELETE");
  CHECK(s.answer_to(site::ask(verb::head, "/v1/status")).status == 200);
  CHECK(s.answer_to(site::ask(verb::options, "/v1/status")).status == 405);
  CHECK(s.get("http://localhost/").status == 400);
}

TEST_CASE("routes: the description for machines is the one that is checked in") {
  const auto text = openapi_text();
  const auto parsed = nlohmann::json::parse(text);
  CHECK(parsed.at("paths").size() > 20);
  CHECK(parsed.at("paths").at("/v1/workers/{worker}").contains("patch"));
  const bool same = text == whole_file("docs/openapi.json");
  CHECK_MESSAGE(same, "docs/openapi.json is not what GET /openapi.json answers; write it anew: ./dev openapi");
}
