#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "fake_web.hpp"
#include "tool_rig.hpp"

using namespace djm;
using namespace djm::test;
using json = nlohmann::json;

namespace {

/// What of JSON Schema the file uses: type, enum, required, properties, items, $ref. Empty: the value follows it.
std::string complaint(const json& schema, const json& value, const json& whole, const std::string& at) {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>();
    return complaint(whole.at(json::json_pointer(name.substr(1))), value, whole, at);
  }
  if (schema.contains("type")) {
    const auto type = schema["type"].get<std::string>();
    const bool fits = type == "object"    ? value.is_object()
                      : type == "array"   ? value.is_array()
                      : type == "string"  ? value.is_string()
                      : type == "boolean" ? value.is_boolean()
                                          : value.is_number_integer();
    if (!fits) {
      return at + " is no " + type;
    }
  }
  if (schema.contains("enum")) {
    bool known = false;
    for (const auto& word : schema["enum"]) {
      known = known || word == value;
    }
    if (!known) {
      return at + " is no word of the list: " + value.dump();
    }
  }
  for (const auto& name : schema.value("required", json::array())) {
    if (!value.is_null() && !value.contains(name.get<std::string>())) {
      return at + " has no " + name.get<std::string>();
    }
  }
  if (schema.contains("properties") && !value.is_null()) {
    for (const auto& [name, inner] : schema["properties"].items()) {
      if (value.contains(name)) {
        if (auto text = complaint(inner, value[name], whole, at + "/" + name); !text.empty()) {
          return text;
        }
      }
    }
    // Nothing that is written is left out of the schema.
    for (const auto& [name, inner] : value.items()) {
      if (!schema["properties"].contains(name)) {
        return at + "/" + name + " is not in the schema";
      }
    }
  }
  if (schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto text = complaint(schema["items"], value[i], whole, at + "/" + std::to_string(i)); !text.empty()) {
        return text;
      }
    }
  }
  return {};
}

json schema() {
  std::ifstream in{DJM_SOURCE_DIR "/docs/schema/djm-output.schema.json"};
  return json::parse(in);
}

} // namespace

TEST_CASE("tool: what is written as JSON follows the schema, and all of it stands there") {
  const auto whole = schema();
  http::run_page page;
  page.node = "n1";
  page.runs.emplace_back();
  page.runs[0].items = {{"asia", 1}};
  page.under_way.emplace_back();
  page.under_way[0].job = "beta";
  page.under_way[0].items = {"b"};
  const fake_web web{web_answer(page)};
  tool_rig r;
  r.enlist("n1", {"mail"}, true, web.url());
  r.enlist("n2", {"other"});
  r.add_job("mail", {"asia", "europe"});
  r.assign("n1", "mail", {"asia", "europe"});
  r.lock("n1", "mail", "asia");
  r.put("/djm/locks/mail/europe.lock", "nonsense");
  r.stand("n1");
  job_spec spec;
  spec.id = "mail";
  r.add_record(spec);
  r.put("/djm/refusals/n1-lifen1-1",
        store::encode(store::refusal_payload{"n1", "lifen1", "mail", {item_id{"x"}}, 1000, "no printer"}));
  r.run({"submit", "monthly", "report", "--force"});
  r.run({"state", "mail", "asia", "--text", "so far", "--yes"});
  r.add_job("beta", {"b"});
  r.assign("n1", "beta", {"b"});
  r.lock("n1", "beta", "b");
  const std::pair<std::string, std::vector<std::string>> calls[] = {
    {"status", {"status"}},
    {"nodes", {"nodes"}},
    {"node", {"node", "n1"}},
    {"jobs", {"jobs"}},
    {"job", {"job", "mail"}},
    {"items", {"items"}},
    {"locks", {"locks"}},
    {"refusals", {"refusals"}},
    {"submissions", {"submissions"}},
    {"leader", {"leader"}},
    {"explain", {"explain", "mail", "asia"}},
    {"plan --live", {"plan", "--live", "--without", "n1"}},
    {"stoppable", {"stoppable", "n1", "n2"}},
    {"cordon", {"cordon", "n1"}},
    {"pause", {"pause", "mail", "--yes"}},
    {"record", {"record", "mail"}},
    {"state", {"state", "mail", "asia"}},
    {"wait", {"wait", "beta"}},
    {"check", {"check"}},
    {"doctor", {"doctor"}},
    {"tree", {"tree"}},
    {"runs", {"runs"}},
    {"history", {"history"}},
    {"runs --under-way", {"runs", "--under-way"}},
    {"drain", {"drain", "n1", "--timeout", "1s"}},
  };
  CHECK(std::size(calls) == whole["$defs"].size());
  for (auto [name, arguments] : calls) {
    const auto& logged = name;
    CAPTURE(logged);
    arguments.insert(arguments.end(), {"-o", "json"});
    const auto t = r.run(arguments);
    const auto value = json::parse(t.out);
    CHECK(complaint(whole["$defs"][name], value, whole, name) == "");
    // One line for each element, or one for all.
    arguments.back() = "jsonl";
    std::istringstream lines{r.run(arguments).out};
    std::size_t n = 0;
    for (std::string line; std::getline(lines, line); ++n) {
      CHECK_FALSE(json::parse(line).is_discarded());
    }
    CHECK(n >= 1);
  }
}

TEST_CASE("tool: the schema's own test notices what does not follow it") {
  const auto whole = schema();
  const auto& leader = whole["$defs"]["leader"];
  CHECK(complaint(leader, json{{"leader", "n"}, {"epoch", 1}}, whole, "x").empty());
  CHECK(complaint(leader, json{{"leader", "n"}}, whole, "x") == "x has no epoch");
  CHECK(complaint(leader, json{{"leader", 1}, {"epoch", 1}}, whole, "x") == "x/leader is no string");
  CHECK(complaint(leader, json{{"leader", "n"}, {"epoch", 1}, {"more", 1}}, whole, "x") ==
        "x/more is not in the schema");
}
