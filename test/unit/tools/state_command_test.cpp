#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "djm/item_state.hpp"
#include "tool_rig.hpp"

using namespace djm;
using namespace djm::test;
using json = nlohmann::json;

namespace {

struct stateful : tool_rig {
  stateful() {
    job_spec spec;
    spec.id = "mail";
    add_job("mail", {"asia"});
    add_record(spec);
  }
  json shown() { return json::parse(run({"state", "mail", "asia", "-o", "json"}).out); }
};

} // namespace

TEST_CASE("tool: the state of an item is shown, set under its version, and taken away") {
  stateful r;
  CHECK(contains(r.run({"state", "mail", "asia"}).out, "version  0"));
  CHECK(r.run({"state", "mail", "asia", "--text", "42"}).code == 2); // needs --yes
  CHECK(contains(r.run({"state", "mail", "asia", "--text", "42", "--dry-run"}).out, "would create"));
  CHECK(r.shown()["version"] == 0);
  const auto set = r.run({"state", "mail", "asia", "--text", "42", "--yes"});
  CHECK(set.code == 0);
  CHECK(contains(set.out, "state version 0 -> 1"));
  CHECK(contains(r.run({"state", "mail", "asia"}).out, "42"));
  CHECK(contains(r.run({"state", "mail", "asia"}).out, "an operator"));
  CHECK(r.run({"state", "mail", "asia", "--raw"}).out == "42");
  CHECK(r.shown()["state"] == to_word(bytes_of("42")));
  CHECK(r.run({"state", "mail", "asia", "--text", "43", "--yes", "--version", "0"}).code == 5);
  CHECK(r.run({"state", "mail", "asia", "--text", "43", "--yes", "--version", "1"}).code == 0);
  CHECK(r.run({"state", "mail", "asia", "--clear", "--yes"}).code == 0);
  CHECK(r.shown()["state"].is_null());
  CHECK(r.shown()["version"] == 3);
}

TEST_CASE("tool: what makes no sense about a state is refused, and nothing is changed") {
  stateful r;
  CHECK(r.run({"state", "mail", "asia", "--text", "x", "--clear", "--yes"}).code == 2);
  CHECK(r.run({"state", "mail", "asia", "--text", "x", "--yes", "--version", "new"}).code == 2);
  CHECK(r.run({"state", "mail", "asia", "--set", "/no/such/file", "--yes"}).code == 2);
  CHECK(r.run({"state", "mail", "a/b"}).code == 2);
  CHECK(contains(r.run({"state", "none", "asia"}).err, "\"none\""));
  CHECK(r.run({"state", "mail", "asia", "--text", std::string(max_item_state + 1, 'x'), "--yes"}).code != 0);
  CHECK(r.shown()["version"] == 0);
}
