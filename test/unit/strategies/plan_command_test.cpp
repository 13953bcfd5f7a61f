#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tools/plan/plan_command.hpp"
#include "tools/plan/plan_file.hpp"

using namespace djm;
using namespace djm::tool;

namespace {

const char* const full = R"({ "strategy": "balanced", "max_moves": 100,
  "workers": [ {"id": "w-0", "jobs": ["a"], "zone": "z1", "labels": ["ssd"],
                "capacity": {"cpu": 4, "memory_mb": 8192, "slots": 10}, "weight": 1, "draining": false, "cordoned": false},
               {"id": "w-1"} ],
  "jobs": [ {"id": "a", "items": ["i-0", "i-1"], "weights": {"i-0": 3}, "profile": {"cpu": 0.5, "memory_mb": 256},
             "priority": "high", "requires": ["ssd"], "max_per_worker": 5, "spread": "zone", "colocate_with": ["b"],
             "separate_from": ["c"], "pinned": {"i-1": "w-0"} },
            {"id": "b", "items": {"count": 3, "prefix": "i-"}}, {"id": "c", "items": []} ],
  "previous": { "w-0": { "a": ["i-0"] } } })";

expected<plan_request> read(const std::string& text, gone previous = gone::allowed) {
  return read_plan_request(text, strategy_registry{}, previous);
}

// The file with one part replaced by another.
std::string with(const std::string& from, const std::string& to) {
  std::string text = full;
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

void refused(const std::string& text, const std::string& start) {
  const auto result = read(text);
  REQUIRE_MESSAGE(!result.has_value(), text);
  CHECK_MESSAGE(result.error().text.compare(0, start.size(), start) == 0, result.error().text);
}

struct temporary_file {
  explicit temporary_file(const std::string& text) {
    static int count = 0;
    const auto file = "djm-plan-" + std::to_string(getpid()) + "-" + std::to_string(++count) + ".json";
    name = (std::filesystem::temp_directory_path() / file).string();
    std::ofstream{name} << text;
  }
  ~temporary_file() { std::remove(name.c_str()); }
  std::string name;
};

} // namespace

TEST_CASE("the whole format is understood") {
  const auto request = read(full);
  REQUIRE_MESSAGE(request.has_value(), request.error().text);
  CHECK(request->problem.item_count() == 5);
  CHECK(request->options.max_moves == 100);
  const auto& a = request->problem.job(0);
  CHECK(a.profile.front().amount == 500);
  CHECK(a.item_weights.front().second == 3000);
  CHECK(request->problem.worker(0).max_items == 10);
  CHECK(request->problem.eligible(0, 0));
  CHECK(!request->problem.eligible(0, 1)); // no such label
  CHECK(!request->problem.eligible(1, 0)); // not listed
}

TEST_CASE("each fault is refused with its pointer, the value and the rule") {
  refused("", "/: ");
  refused("[]", "/: []: must be an object");
  refused("{", "/: ");
  refused(R"({"workers": []})", "/: an object: key \"jobs\" is missing");
  refused(with("\"weight\": 1", "\"weight\": -1"), "/workers/0/weight: -1: must be a number above 0");
  refused(with("\"weight\": 1", "\"weight\": 0"), "/workers/0/weight: 0: must be a number above 0");
  refused(with("\"weight\": 1", "\"weight\": 1e400"), "/: ");
  refused(with("\"weight\": 1", "\"weight\": \"1\""), "/workers/0/weight: \"1\": must be a number");
  refused(with("\"weight\": 1", "\"weight\": 1.0001"), "/workers/0/weight: 1.0001: must have at most three decimals");
  refused(with("\"cpu\": 4", "\"cpu\": -4"), "/workers/0/capacity/cpu: -4: must be a number from 0");
  refused(with("\"cpu\": 0.5", "\"cpu\": -0.5"), "/jobs/0/profile/cpu: -0.5: must be a number from 0");
  refused(with("\"i-0\": 3", "\"i-0\": -3"), "/jobs/0/weights/i-0: -3: must be");
  refused(with("\"i-0\": 3", "\"i-7\": 3"), "/jobs/0/weights/i-7: 3: \"i-7\" is not an item");
  refused(with("\"draining\": false", "\"draining\": 0"), "/workers/0/draining: 0: must be true or false");
  refused(with("\"max_moves\": 100", "\"max_moves\": -1"), "/max_moves: -1: must be a whole number");
  refused(with("\"max_moves\": 100", "\"max_moves\": 1.5"), "/max_moves: 1.5: must be a whole number");
  refused(with("\"balanced\"", "\"best\""), "/strategy: \"best\": must be one of balanced, ");
  refused(with("\"zone\": \"z1\"", "\"zoen\": \"z1\""), "/workers/0/zoen: \"z1\": is not a key");
  refused(with("\"jobs\": [\"a\"]", "\"jobs\": [\"x\"]"), "/workers/0/jobs/0: \"x\": is not a job");
  refused(with("{\"id\": \"w-1\"}", "{\"id\": \"w-0\"}"), "/workers/1/id: \"w-0\": there is a worker");
  refused(with("{\"id\": \"w-1\"}", "{\"id\": \"w/1\"}"), "/workers/1/id: \"w/1\": must be an id");
  refused(with("{\"id\": \"w-1\"}", "{\"id\": \"w-1\", \"id\": \"w-2\"}"), "/: ");
  refused(with("{\"id\": \"w-1\"}", "{}"), "/workers/1: {}: key \"id\" is missing");
  refused(with("\"id\": \"c\"", "\"id\": \"b\""), "/jobs/2/id: \"b\": there is a job");
  refused(with("[\"i-0\", \"i-1\"]", "[\"i-0\", \"i-0\"]"), "/jobs/0/items/1: \"i-0\": is in this list twice");
  refused(with("\"count\": 3", "\"count\": -3"), "/jobs/1/items/count: -3: must be a whole number");
  refused(with("\"count\": 3", "\"count\": 4000000000"), "/jobs/1/items/count: 4000000000: must be a whole number");
  refused(with("\"high\"", "\"urgent\""), "/jobs/0/priority: \"urgent\": must be");
  refused(with("\"spread\": \"zone\"", "\"spread\": \"rack\""), "/jobs/0/spread: \"rack\": must be");
  refused(with("\"spread\": \"zone\"", "\"relaxation\": \"two_workers\""),
          "/jobs/0/relaxation: \"two_workers\": must be");
  refused(with("\"spread\": \"zone\"", "\"relaxation\": \"\""), "/jobs/0/relaxation: \"\": must be");
  refused(with("\"spread\": \"zone\"", "\"relaxation\": \"worker:\""), "/jobs/0/relaxation: \"worker:\": must be");
  refused(with("\"spread\": \"zone\"", "\"relaxation\": \"worker:w-9\""),
          "/jobs/0/relaxation: \"worker:w-9\": does not name a worker");
  refused(with("{\"i-1\": \"w-0\"}", "{\"i-1\": \"w-9\"}"), "/jobs/0/pinned/i-1: \"w-9\": is not a worker");
  refused(with("{\"i-1\": \"w-0\"}", "{\"i-9\": \"w-0\"}"), "/jobs/0/pinned/i-9: \"w-0\": \"i-9\" is not an item");
  refused(with("\"colocate_with\": [\"b\"]", "\"colocate_with\": [\"x\"]"),
          "/jobs/0/colocate_with/0: \"x\": is not a job");
  refused(with("\"colocate_with\": [\"b\"]", "\"colocate_with\": [\"a\"]"),
          "/jobs/0/colocate_with/0: \"a\": is the job");
  refused(with("\"colocate_with\": [\"b\"]", "\"colocate_with\": [\"c\"]"),
          "/jobs/0/colocate_with/0: \"c\": contradicts separate_from");
  refused(with("\"id\": \"b\"", "\"id\": \"b\", \"colocate_with\": [\"a\"]"),
          "/jobs/0/colocate_with/0: \"b\": closes a cycle");
  refused(with("\"previous\": { \"w-0\": { \"a\"", "\"previous\": { \"w-0\": { \"x\""),
          "/previous/w-0/x: \"x\": is not a job");
  refused(with("[\"i-0\"] } }", "[\"i-0\", \"i-0\"] } }"), "/previous/w-0/a/1: \"i-0\": has a previous owner already");
}

TEST_CASE("a refusal is one short line whatever the keys of the file are") {
  refused(R"({"a\nb\u001b": 1})", R"(/a\nb\x1b: 1: is not a key of this object)");
  const auto far = read("{\"" + std::string(1u << 16, 'x') + "\": 1}");
  REQUIRE(!far.has_value());
  CHECK(far.error().text.size() < 1000);
  refused(with("{\"i-1\": \"w-0\"}", R"({"i\n1": "w-0"})"), R"(/jobs/0/pinned/i\n1: "w-0": "i\n1" is not an item)");
}

TEST_CASE("a previous owner that is not listed is gone: a warning, or an error when asked to be strict") {
  const auto text = with("\"previous\": { \"w-0\"", "\"previous\": { \"w-9\"");
  const auto request = read(text);
  REQUIRE(request.has_value());
  REQUIRE(request->warnings.size() == 1);
  CHECK(request->warnings[0] == "/previous/w-9: \"w-9\": is not a worker of this file; counts as gone");
  CHECK(request->problem.previous(0) == no_worker);
  const auto strict = read(text, gone::refused);
  REQUIRE(!strict.has_value());
  CHECK(strict.error().text == "/previous/w-9: \"w-9\": is not a worker of this file");
}

TEST_CASE("random damage is refused or planned, never worse") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string snippets[] = {"null", "-1", "1e308", "{}", "[]", "\"\"", "\"w-0\"", "true", ":", ",", "}", "\\"};
  for (int k = 0; k < 3000; ++k) {
    std::string text = full;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const auto at = random() % text.size();
      const auto length = std::min<std::size_t>(random() % 8, text.size() - at);
      text.replace(at, length,
                   random() % 2 == 0 ? snippets[random() % std::size(snippets)]
                                     : std::string(1, static_cast<char>(random() % 256)));
    }
    CAPTURE(text);
    const auto request = read(text);
    if (!request) {
      CHECK(!request.error().text.empty());
      CHECK(request.error().text[0] == '/');
      continue;
    }
    const auto planned = make_plan(request->problem, strategy_registry{}, request->options);
    REQUIRE(planned.has_value());
    CHECK(planned->failures.empty());
    CHECK(!plan_to_json(request->problem, *planned, -1).empty());
  }
}

TEST_CASE("djm plan: output is byte-stable, codes are as documented") {
  const temporary_file file{full};
  std::ostringstream a;
  std::ostringstream b;
  std::ostringstream err;
  CHECK(plan_command({file.name, "--no-timing"}, a, err) == 0);
  CHECK(plan_command({"--no-timing", file.name}, b, err) == 0);
  CHECK(a.str() == b.str());
  CHECK(err.str().empty());
  const auto out = nlohmann::json::parse(a.str());
  CHECK(out["assignment"]["w-0"]["a"] == nlohmann::json{"i-0", "i-1"});
  CHECK(out["summary"]["items"] == 5);
  CHECK(out["summary"]["placements"] == 4);
  CHECK(!out["summary"].contains("elapsed_us"));
  std::ostringstream timed;
  CHECK(plan_command({file.name}, timed, err) == 0);
  CHECK(nlohmann::json::parse(timed.str())["summary"]["elapsed_us"].is_number_unsigned());
  std::ostringstream none;
  CHECK(plan_command({}, none, err) == 1);
  CHECK(plan_command({"--what", file.name}, none, err) == 1);
  CHECK(plan_command({"/no/such/file.json"}, none, err) == 2);
  const temporary_file broken{"{"};
  CHECK(plan_command({broken.name}, none, err) == 2);
  CHECK(plan_command({file.name, "--explain", "a", "i-9"}, none, err) == 1);
  CHECK(none.str().empty());
  CHECK(plan_command({file.name, "--explain", "a", "i-1"}, none, err) == 0);
  CHECK(none.str() == "item i-1 of job a goes to w-0\n  not w-1: missing_label\n");
}
