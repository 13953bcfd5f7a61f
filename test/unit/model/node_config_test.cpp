#include "djm/node_config.hpp"

#include <cstdio>
#include <fstream>
#include <set>
#include <unistd.h>

#include <doctest/doctest.h>

#include "djm/json.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

node_config good() {
  node_config c;
  c.id = "n1";
  return c;
}

template <class Change>
std::vector<error> complaints(Change change) {
  auto c = good();
  change(c);
  return check(c);
}

/// The only complaint.
template <class Change>
std::string objection(Change change, errc code = errc::invalid_config) {
  const auto all = complaints(change);
  for (const auto& e : all) {
    INFO(e.text);
  }
  REQUIRE(all.size() == 1);
  CHECK(all.front().code == code);
  return all.front().text;
}

std::string parse_error(const std::string& json, errc code = errc::invalid_config) {
  const auto result = parse_node_config(json);
  REQUIRE_FALSE_MESSAGE(result, json);
  CHECK(result.error().code == code);
  return result.error().text;
}

/// A file that is deleted at the end.
class scratch_file {
public:
  explicit scratch_file(const std::string& content) {
    char name[] = "/tmp/djm-config-XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    close(fd);
    path_ = name;
    std::ofstream{path_} << content;
  }
  ~scratch_file() { std::remove(path_.c_str()); }

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace

TEST_CASE("the defaults can start as soon as the node has an id") {
  CHECK(check(good()).empty());
  CHECK(validate(good()));
  CHECK(objection([](auto& c) { c.id = ""; }, errc::invalid_id) ==
        "id: is missing; every node needs one that is unique in the cluster");
}

TEST_CASE("every key has a rule, a default and a text, and the list follows the field list") {
  const auto keys = config_keys();
  std::set<std::string> names;
  for (const auto& k : keys) {
    CAPTURE(k.name);
    CHECK(names.insert(k.name).second);
    CHECK_FALSE(k.range.empty());
    CHECK(k.text.size() > 20);
    CHECK(k.text.back() != '.'); // half a sentence: it stands in a table
    CHECK_FALSE(k.change_when.empty());
    CHECK(k.default_value.empty() == (k.name == "id"));
  }
  REQUIRE(keys.size() == 33);
  CHECK(keys.front().name == "id");
  CHECK(keys[1].name == "store.connect");
  CHECK(keys[1].default_value == "\"embedded\"");
  CHECK(keys[3].name == "store.session_timeout");
  CHECK(keys[0].type == config_type::text);
  CHECK(keys[3].type == config_type::time_span);
  CHECK(keys[3].default_value == "\"10s\"");
  CHECK(keys[3].range == "100ms to 1h");
  CHECK(keys.back().name == "software_version");
}

TEST_CASE("a value outside its range is named with key, value and range") {
  CHECK(objection([](auto& c) { c.store.session_timeout = 99ms; }) ==
        "store.session_timeout is 99ms; it must be from 100ms to 1h");
  CHECK(objection([](auto& c) { c.store.session_timeout = 1h + 1ns; }) ==
        "store.session_timeout is 3600000000001ns; it must be from 100ms to 1h");
  CHECK(objection([](auto& c) { c.store.operation_deadline = 0s; }) ==
        "store.operation_deadline is 0s; it must be from 10ms to 10min");
  CHECK(objection([](auto& c) { c.detach_tolerance = -1s; }) == "detach_tolerance is -1s; it must be from 0s to 24h");
  CHECK(objection([](auto& c) { c.detach_tolerance = duration::max(); }).find("detach_tolerance is ") == 0);
  CHECK(objection([](auto& c) { c.stop_grace = -1s; }) == "stop_grace is -1s; it must be from 0s to 1h");
  CHECK(objection([](auto& c) { c.stop_timeout = 169h; }) == "stop_timeout is 169h; it must be from 0s to 168h");
  CHECK(objection([](auto& c) { c.rebalance_debounce = -1ns; }) ==
        "rebalance_debounce is -1ns; it must be from 0s to 1min");
  CHECK(objection([](auto& c) { c.rebalance_max_wait = 11min; }) ==
        "rebalance_max_wait is 11min; it must be from 0s to 10min");
  CHECK(objection([](auto& c) { c.sweep_period = 0s; }) == "sweep_period is 0s; it must be from 10ms to 1h");
  CHECK(objection([](auto& c) { c.clean_period = 1ms; }) == "clean_period is 1ms; it must be from 10ms to 720h");
  CHECK(objection([](auto& c) { c.backoff_min = 0s; }) == "backoff_min is 0s; it must be from 1ms to 1min");
  CHECK(objection([](auto& c) { c.backoff_max = 11min; }) == "backoff_max is 11min; it must be from 1ms to 10min");
  CHECK(objection([](auto& c) { c.max_clock_skew = 999ms; }) == "max_clock_skew is 999ms; it must be from 1s to 1h");
  CHECK(objection([](auto& c) { c.backlog_limit = 0; }) == "backlog_limit is 0; it must be from 1 to 1000000");
  CHECK(objection([](auto& c) { c.registration_timeout = 0s; }) ==
        "registration_timeout is 0s; it must be from 1ms to 1h");
  CHECK(objection([](auto& c) { c.max_threads = 0; }) == "max_threads is 0; it must be from 1 to 4096");
  CHECK(objection([](auto& c) { c.max_threads = 4097; }) == "max_threads is 4097; it must be from 1 to 4096");
  CHECK(objection([](auto& c) { c.weight = 0; }) == "weight is 0; it must be from 1 to 1000000000");
  CHECK(objection([](auto& c) { c.weight = -5; }) == "weight is -5; it must be from 1 to 1000000000");
}

TEST_CASE("the edges of the ranges are accepted") {
  auto c = good();
  c.id = node_id{std::string(120, 'x')};
  c.store = {"zoo1:2181,zoo2:2181", "/" + std::string(199, 'r'), 1h, 10min, "user:pa:ss"};
  c.detach_tolerance = 24h;
  c.stop_grace = 1h;
  c.stop_timeout = 168h;
  c.rebalance_debounce = c.rebalance_max_wait = 0s;
  c.sweep_period = c.clean_period = 10ms;
  c.backoff_min = c.backoff_max = 1ms;
  c.max_clock_skew = 1h;
  c.backlog_limit = 1'000'000;
  c.registration_timeout = 1ms;
  c.max_threads = 4096;
  c.zone = "z";
  c.labels = {"ssd", "gpu"};
  c.weight = 1'000'000'000;
  c.capacity = {{"cpu", 0}, {"memory_mb", 1'000'000'000'000}};
  c.max_items = 4'294'967'295;
  c.software_version = "1.2 \xE2\x82\xAC";
  for (const auto& e : check(c)) {
    FAIL_CHECK(e.text);
  }
}

TEST_CASE("texts that break their rule are named with key, value and rule") {
  CHECK(objection([](auto& c) { c.id = "a/b"; }, errc::invalid_id).find("id: node id \"a/b\" breaks the rule") == 0);
  CHECK(objection([](auto& c) { c.id = node_id{std::string(121, 'x')}; }, errc::invalid_id).find("(121 bytes)") !=
        std::string::npos);
  CHECK(objection([](auto& c) { c.store.connect = "zoo1:x"; }, errc::invalid_connect_string).find("zoo1:x") !=
        std::string::npos);
  CHECK(objection([](auto& c) { c.store.connect = ""; }, errc::invalid_connect_string).find("names no server") !=
        std::string::npos);
  for (const auto* root : {"", "djm", "/djm/", "//", "/a/../b", "/a\n", "/zookeeper", "/zookeeper/quota", "/\xFF"}) {
    CHECK(objection([root](auto& c) {
            c.store.root = root;
          }).find("; it must be an absolute path of at most 200 bytes, not within /zookeeper") != std::string::npos);
  }
  CHECK(objection([](auto& c) { c.store.root = "/" + std::string(200, 'r'); }).find("store.root has \"/rrr") == 0);
  CHECK(objection([](auto& c) { c.zone = "a b"; }) == "zone has \"a b\"; it must be an id, or empty");
  CHECK(objection([](auto& c) { c.labels = {"a", ""}; }) == "labels has \"\"; it must be ids, none twice");
  CHECK(objection([](auto& c) { c.labels = {"a", "a"}; }) == "labels has \"a\"; it must be ids, none twice");
  CHECK(objection([](auto& c) { c.capacity["c u"] = 1; }) ==
        "capacity has \"c u\": 1; it must be ids with amounts from 0 to 1000000000000");
  CHECK(objection([](auto& c) { c.capacity["cpu"] = -1; }) ==
        "capacity has \"cpu\": -1; it must be ids with amounts from 0 to 1000000000000");
  CHECK(objection([](auto& c) { c.software_version = "\xFF"; }) ==
        "software_version has \"\\xff\"; it must be UTF-8 of at most 200 bytes");
}

TEST_CASE("a bad digest is refused without being shown") {
  for (const auto* digest : {"hunter2", ":hunter2", "user:hunter2\n"}) {
    CHECK(objection([digest](auto& c) { c.store.digest = digest; }) ==
          "store.digest: is not user:password (the value is not shown)");
  }
}

TEST_CASE("waits that contradict each other are refused") {
  CHECK(objection([](auto& c) { c.rebalance_max_wait = 100ms; }) ==
        "rebalance_max_wait is 100ms; it must not be below rebalance_debounce, 200ms");
  CHECK(objection([](auto& c) { c.backoff_max = 50ms; }) ==
        "backoff_max is 50ms; it must not be below backoff_min, 100ms");
}

TEST_CASE("stop_grace, operation_deadline, T and D must fit the local deadline") {
  // T = 12 s, D = 8 s: margin 1 s, so stop_grace + 4 s + operation_deadline < 20 s - 1 s - 4 s.
  const auto with = [](duration grace, duration deadline) {
    return complaints([&](auto& c) {
      c.store.session_timeout = 12s;
      c.detach_tolerance = 8s;
      c.stop_grace = grace;
      c.store.operation_deadline = deadline;
    });
  };
  CHECK(lease_margin(12s, 8s) == 1s);
  CHECK(with(6s, 5s - 1ns).empty());
  REQUIRE(with(6s, 5s).size() == 1);
  CHECK(
    with(6s, 5s).front().text ==
    "stop_grace (6s), store.operation_deadline (5s), store.session_timeout T (12s) and detach_tolerance D (8s) do not "
    "fit: stop_grace + T/3 + operation_deadline must be below T + D - T/3 - 5 % of (T + D); stop_grace may be 5999ms "
    "at most");
  CHECK(with(0s, 12s).front().text.find("shorten operation_deadline or lengthen T or D by at least 1s") !=
        std::string::npos);
}

TEST_CASE("no detach tolerance is allowed when runs can stop within 28 % of T") {
  const auto without = [](duration grace, duration deadline) {
    return complaints([&](auto& c) {
      c.store.session_timeout = 60s;
      c.detach_tolerance = 0s;
      c.stop_grace = grace;
      c.store.operation_deadline = deadline;
    });
  };
  CHECK(without(10s, 7s - 1ns).empty());
  CHECK(without(10s, 7s).size() == 1);
}

TEST_CASE("the longest stop_grace is just below the limit, for the T that the server grants") {
  auto c = good();
  for (const auto t : {10s, 4s, 1s, 3600s}) {
    c.store.session_timeout = t;
    c.stop_grace = longest_stop_grace(c, t);
    if (c.stop_grace < 0s || c.stop_grace > 1h) {
      continue;
    }
    CHECK(check(c).empty());
    c.stop_grace += 1ns;
    CHECK(check(c).size() == 1);
  }
}

TEST_CASE("all complaints come at once, in one error when folded") {
  const auto change = [](auto& c) {
    c.id = "a/b";
    c.max_threads = 0;
    c.store.root = "x";
  };
  CHECK(complaints(change).size() == 3);
  auto c = good();
  change(c);
  const auto folded = validate(c);
  REQUIRE_FALSE(folded);
  CHECK(folded.error().code == errc::invalid_config);
  for (const auto& e : check(c)) {
    CHECK(folded.error().text.find(e.text) != std::string::npos);
  }
}

TEST_CASE("values far outside their range do not overflow the checks") {
  for (const auto d : {duration::min(), duration::max()}) {
    const auto all = complaints(
      [d](auto& c) { c.store.session_timeout = c.store.operation_deadline = c.detach_tolerance = c.stop_grace = d; });
    CHECK(all.size() == 4);
  }
}

TEST_CASE("a duration that is too long for nanoseconds is refused as what it is, whichever key it is given to") {
  constexpr any_duration node_config::*own[] = {
    &node_config::detach_tolerance,     &node_config::stop_grace,         &node_config::stop_timeout,
    &node_config::rebalance_debounce,   &node_config::rebalance_max_wait, &node_config::sweep_period,
    &node_config::clean_period,         &node_config::backoff_min,        &node_config::backoff_max,
    &node_config::registration_timeout, &node_config::strategy_timeout,   &node_config::status_period,
    &node_config::registration_give_up, &node_config::max_clock_skew};
  constexpr any_duration store_config::*stores[] = {&store_config::session_timeout, &store_config::operation_deadline};
  const auto too_long = std::chrono::hours{5124096}; // 25 minutes, if it wrapped round
  for (const auto m : own) {
    CHECK(objection([&](auto& c) { c.*m = too_long; }).find(" is 292 years or more; it must be ") != std::string::npos);
  }
  for (const auto m : stores) {
    CHECK(objection([&](auto& c) { c.store.*m = too_long; }).find(" is 292 years or more; it must be ") !=
          std::string::npos);
  }
  std::size_t keys = 0;
  for (const auto& key : config_keys()) {
    keys += key.type == config_type::time_span ? 1 : 0;
  }
  CHECK(keys == std::size(own) + std::size(stores));
  CHECK(lease_margin(std::chrono::hours::max(), std::chrono::hours::max()) == duration::max() / 20 * 2);
  CHECK(longest_stop_grace(good(), std::chrono::hours::max()) > 1h);
}

TEST_CASE("a JSON configuration is read with all its keys") {
  const auto c = parse_node_config(R"({
    "id": "n1",
    "store": {"connect": "a:1,b:2", "root": "/x", "session_timeout": "4s", "operation_deadline": "500ms",
              "digest": "u:p", "secure_tree": true},
    "detach_tolerance": "0s", "stop_grace": "100ms", "stop_timeout": "1min", "rebalance_debounce": "1ms",
    "rebalance_max_wait": "2ms", "sweep_period": "1s", "clean_period": "2h", "backoff_min": "3ms", "backoff_max": "4ms",
    "strategy_timeout": "7s", "max_clock_skew": "3s", "backlog_limit": 5, "registration_timeout": "6s", "registration_give_up": "8s", "max_threads": 7, "abort_on_overrun": true, "zone": "z",
    "labels": ["l"], "weight": 500, "capacity": {"cpu": 4000}, "max_items": 9, "role": "worker",
    "software_version": "1.0"})");
  REQUIRE(c);
  CHECK(c->id == "n1");
  CHECK(c->store == store_config{"a:1,b:2", "/x", 4s, 500ms, "u:p", true});
  CHECK(c->detach_tolerance == 0s);
  CHECK((c->stop_grace == 100ms && c->stop_timeout == 1min));
  CHECK((c->rebalance_debounce == 1ms && c->rebalance_max_wait == 2ms));
  CHECK((c->sweep_period == 1s && c->clean_period == 2h));
  CHECK((c->backoff_min == 3ms && c->backoff_max == 4ms && c->strategy_timeout == 7s));
  CHECK((c->max_clock_skew == 3s && c->backlog_limit == 5));
  CHECK((c->registration_timeout == 6s && c->registration_give_up == 8s && c->max_threads == 7));
  CHECK(c->abort_on_overrun);
  CHECK(c->zone == "z");
  CHECK(c->labels == std::vector<std::string>{"l"});
  CHECK(c->weight == 500);
  CHECK(c->capacity == std::map<std::string, std::int64_t>{{"cpu", 4000}});
  CHECK(c->max_items == 9);
  CHECK(c->role == node_role::worker);
  CHECK(c->software_version == "1.0");
}

TEST_CASE("keys that are left out keep their defaults, and values are not validated while parsing") {
  const auto c = parse_node_config("{}");
  REQUIRE(c);
  CHECK(*c == node_config{});
  CHECK(parse_node_config(R"({"max_threads": 0, "detach_tolerance": "-5s"})"));
}

TEST_CASE("a JSON configuration with faults is refused with pointer, value and rule") {
  CHECK(parse_error(R"({"detach_tolerence": "5s"})") ==
        "/detach_tolerence: unknown key; did you mean \"detach_tolerance\"?");
  CHECK(parse_error(R"({"store": {"host": "x"}})").find("/store/host: unknown key") == 0);
  CHECK(parse_error(R"({"stop_grace": 5})") ==
        "/stop_grace: 5 has no unit; a duration is a text such as \"10s\" or \"250ms\"");
  CHECK(parse_error(R"({"stop_grace": "5"})").find("/stop_grace: duration \"5\" is not an integer followed by") == 0);
  CHECK(parse_error(R"({"stop_grace": null})") == "/stop_grace: null is not a duration such as \"10s\" or \"250ms\"");
  CHECK(parse_error(R"({"max_threads": -1})") == "/max_threads: -1 is not an integer from 0 to 4294967295");
  CHECK(parse_error(R"({"max_threads": 1.5})") == "/max_threads: 1.5 is not an integer");
  CHECK(parse_error(R"({"max_threads": "4"})") == "/max_threads: \"4\" is not an integer");
  CHECK(parse_error(R"({"abort_on_overrun": 1})") == "/abort_on_overrun: 1 is not true or false");
  CHECK(parse_error(R"({"role": "boss"})").find("/role: \"boss\" is ") == 0);
  CHECK(parse_error(R"({"labels": "x"})") == "/labels: \"x\" is not an array");
  CHECK(parse_error(R"({"labels": [1]})") == "/labels/0: 1 is not a text");
  CHECK(parse_error(R"({"capacity": {"cpu": "4"}})") == "/capacity/cpu: \"4\" is not an integer");
  CHECK(parse_error(R"({"store": "embedded"})") == "/store: \"embedded\" is not an object");
  CHECK(parse_error("[]") == "the document: [] is not an object");
  CHECK(parse_error(R"({"zone": 1, "weight": "x"})") == "/zone: 1 is not a text; /weight: \"x\" is not an integer");
  CHECK(parse_error("{", errc::invalid_file).find("the configuration is not well-formed JSON: parse error at line 1") ==
        0);
  CHECK(parse_error("", errc::invalid_file).find("not well-formed") != std::string::npos);
  CHECK(parse_error(R"({"zone": "a", "zone": "b"})", errc::invalid_file).find("key \"zone\" appears twice") !=
        std::string::npos);
}

TEST_CASE("a tree is closed for somebody") {
  CHECK(objection([](auto& c) { c.store.secure_tree = true; }) ==
        "store.secure_tree: is true without store.digest: to whom would the tree belong?");
}

TEST_CASE("a configuration that is not JSON is refused without showing a part of its digest") {
  for (const auto* text : {R"({"store": {"digest": "user:hunter2\q"}})", R"({"store": {"digest": "user:hunter2)",
                           "{\"store\": {\"digest\": \"user:hunter2\n\"}}"}) {
    const auto fault = parse_error(text, errc::invalid_file);
    CHECK_MESSAGE(fault.find("parse error at line ") != std::string::npos, fault);
    CHECK_MESSAGE(fault.find("hunter2") == std::string::npos, fault);
  }
}

TEST_CASE("what JSON shows of a configuration can be read back") {
  auto c = good();
  c.labels = {"a"};
  const auto back = parse_node_config(to_json_text(c, 2));
  REQUIRE(back);
  CHECK(*back == c);
}

TEST_CASE("a file is read, and a fault names its path") {
  const scratch_file ok{R"({"id": "n1"})"};
  const auto c = load_node_config(ok.path());
  REQUIRE(c);
  CHECK(c->id == "n1");

  const auto why = [](const std::string& path, errc code) {
    const auto result = load_node_config(path);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == code);
    CHECK(result.error().text.find("configuration file \"" + path + "\": ") == 0);
    return result.error().text;
  };
  CHECK(why("/tmp/djm-no-such-file.json", errc::invalid_file).find("cannot be opened: No such file") !=
        std::string::npos);
  CHECK(why("/tmp", errc::invalid_file).find("cannot be read: Is a directory") != std::string::npos);
  const scratch_file broken{"{"};
  CHECK(why(broken.path(), errc::invalid_file).find("not well-formed JSON") != std::string::npos);
  const scratch_file wrong{R"({"idd": "n1"})"};
  CHECK(why(wrong.path(), errc::invalid_config).find("/idd: unknown key; did you mean \"id\"?") != std::string::npos);
  const scratch_file huge{std::string((1U << 20) + 1, ' ')};
  CHECK(why(huge.path(), errc::invalid_file).find("is larger than 1048576 bytes") != std::string::npos);
}
