#include <cstdio>
#include <fstream>

#include <doctest/doctest.h>

#include "djm/options.hpp"

using namespace djm;

namespace {

using variables = std::map<std::string, std::string>;

expected<parsed_options> parse(const options& o, const std::vector<std::string>& arguments, const variables& env = {}) {
  return o.parse(arguments, [&](const std::string& name) -> const char* {
    const auto i = env.find(name);
    return i == env.end() ? nullptr : i->second.c_str();
  });
}

std::string options_complaint(std::vector<std::string> arguments, const variables& env = {}) {
  const auto result = parse(options{"app"}, std::move(arguments), env);
  return result ? "taken" : result.error().text;
}

/// A file that goes with its scope.
struct text_file {
  explicit text_file(const std::string& text) : path("options_test.tmp") { std::ofstream{path} << text; }
  ~text_file() { std::remove(path.c_str()); }
  std::string path;
};

} // namespace

TEST_CASE("options: every key of the configuration is one") {
  for (const auto& key : config_keys()) {
    CAPTURE(key.name);
    const auto value = key.type == config_type::time_span     ? "10s"
                       : key.type == config_type::boolean     ? "true"
                       : key.type == config_type::integer     ? "7"
                       : key.type == config_type::integer_map ? "cpu=4000"
                       : key.name == "role"                   ? "worker"
                                                              : "a";
    if (key.name == "store.digest") {
      continue;
    }
    CHECK(parse(options{"app"}, {"--" + key.name, value}));
    CHECK(parse(options{"app"}, {"--" + key.name + "=" + value}));
    CHECK(options{"app"}.help().find("--" + key.name + " ") != std::string::npos);
  }
}

TEST_CASE("options: what is said later overrules what is said before") {
  const text_file file{R"({"id": "file", "weight": 2000, "store": {"connect": "zk1:2181", "root": "/file"}})"};
  const variables env{{"DJM_CONFIG", file.path}, {"DJM_STORE_ROOT", "/env"}, {"DJM_ID", "env"}};
  const auto o = parse(options{"app"}, {"--id", "typed"}, env);
  REQUIRE(o);
  CHECK(o->config.id == "typed");
  CHECK(o->config.store.root == "/env");
  CHECK(o->config.store.connect == "zk1:2181");
  CHECK(o->config.weight == 2000);
  CHECK(o->config.max_threads == 16);
}

TEST_CASE("options: lists, maps and flags") {
  const auto o = parse(options{"app"}, {"--labels=ssd,gpu", "--capacity", "cpu=4000,disk=2", "--abort_on_overrun",
                                        "--store.secure_tree=false"});
  REQUIRE(o);
  CHECK(o->config.labels == std::vector<std::string>{"ssd", "gpu"});
  CHECK(o->config.capacity == std::map<std::string, std::int64_t>{{"cpu", 4000}, {"disk", 2}});
  CHECK(o->config.abort_on_overrun);
  CHECK_FALSE(o->config.store.secure_tree);
}

TEST_CASE("options: own ones, and what is left") {
  options app{"app", "counts"};
  app.add("demo", "", "shows it").add("files", "FOLDER", "where they are", ".").variables("APP_");
  const auto o = parse(app, {"first", "--demo", "--", "--id", "x"}, {{"APP_FILES", "/tmp"}});
  REQUIRE(o);
  CHECK(o->values == std::map<std::string, std::string>{{"demo", "true"}, {"files", "/tmp"}});
  CHECK(o->rest == std::vector<std::string>{"first", "--id", "x"});
  CHECK(o->config.id.empty());
  CHECK(app.help().find("--files FOLDER") != std::string::npos);
  CHECK(parse(app, {"--help", "--nonsense"})->help);
}

TEST_CASE("options: refusals name the option, the value and the rule") {
  CHECK(options_complaint({"--nonsense"}) == "--nonsense is no option; see --help");
  CHECK(options_complaint({"--id"}) == "--id needs a value");
  CHECK(options_complaint({"--weight", "heavy"}) == "--weight \"heavy\": must be a whole number");
  CHECK(options_complaint({"--store.secure_tree=maybe"}) == "--store.secure_tree \"maybe\": must be true or false");
  CHECK(options_complaint({"--capacity", "cpu"}) ==
        "--capacity \"cpu\": must be NAME=WHOLE NUMBER, separated by commas");
  CHECK(options_complaint({}, {{"DJM_MAX_THREADS", "x"}}) == "DJM_MAX_THREADS \"x\": must be a whole number");
  CHECK(options_complaint({"--detach_tolerance", "soon"}).find("detach_tolerance") != std::string::npos);
  CHECK(options_complaint({"--config", "/nowhere"}).find("/nowhere") != std::string::npos);
  CHECK(options_complaint({"--store.digest", "a:b"}).find("does not belong on a command line") != std::string::npos);
}

TEST_CASE("options: the digest comes from a file, or from the environment") {
  const text_file file{"user:secret\nmore\n"};
  const auto o = parse(options{"app"}, {"--store.digest-file", file.path});
  REQUIRE(o);
  CHECK(o->config.store.digest == "user:secret");
  CHECK(parse(options{"app"}, {}, {{"DJM_STORE_DIGEST", "me:x"}})->config.store.digest == "me:x");
  CHECK(options{"app"}.help().find("--store.digest-file FILE") != std::string::npos);
}
