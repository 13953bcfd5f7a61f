#include "actors/env/secret_lookup.hpp"

#include <cstdlib>
#include <fstream>

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "djm/user_config.hpp"
#include "test/support/temp_dir.hpp"

using namespace djm;

namespace {

class secret_dir {
public:
  config_reference file(const std::string& name, const std::string& content) const {
    std::ofstream{dir_.path() / name, std::ios::binary} << content;
    return at(name);
  }
  config_reference at(const std::string& name) const { return {reference_kind::file, (dir_.path() / name).string()}; }

private:
  djm::test::temp_dir dir_;
};

std::string read(const config_reference& what) {
  const auto text = look_up_secret(what);
  return text ? *text : to_string(text.error().code) + ": " + text.error().text;
}

} // namespace

TEST_CASE("secret_lookup: a file is what is in it without one newline at its end") {
  const secret_dir dir;
  CHECK(read(dir.file("plain", "hunter2")) == "hunter2");
  CHECK(read(dir.file("line", "hunter2\n")) == "hunter2");
  CHECK(read(dir.file("two", "hunter2\n\n")) == "hunter2\n");
  CHECK(read(dir.file("windows", "hunter2\r\n")) == "hunter2");
  CHECK(read(dir.file("return", "hunter2\r")) == "hunter2\r");
  CHECK(read(dir.file("empty", "")).empty());
  CHECK(read(dir.file("newline", "\n")).empty());
}

TEST_CASE("secret_lookup: a file of 64 KiB is read, one byte more is refused") {
  const secret_dir dir;
  const std::string most(max_secret_size, 'x');
  CHECK(read(dir.file("most", most)) == most);
  CHECK(read(dir.file("line", most + "\r\n")) == most);
  CHECK(read(dir.file("more", most + "x")) == "too_large: the file has more than 65536 bytes");
  CHECK(read(dir.file("line_more", most + "x\r\n")) == "too_large: the file has more than 65536 bytes");
  CHECK(read(dir.file("huge", most + most)) == "too_large: the file has more than 65536 bytes");
}

TEST_CASE("secret_lookup: what is no file to read is refused, and nothing waits for it") {
  const secret_dir dir;
  CHECK(read(dir.at("none")) == "invalid_file: the file cannot be opened: No such file or directory");
  CHECK(read(dir.at(".")) == "invalid_file: this is not a regular file");
  const auto pipe = dir.at("pipe");
  REQUIRE(mkfifo(pipe.name.c_str(), 0600) == 0);
  CHECK(read(pipe) == "invalid_file: this is not a regular file");
  CHECK(read({reference_kind::file, "/dev/zero"}) == "invalid_file: this is not a regular file");
}

TEST_CASE("secret_lookup: a variable is what the environment says, to the byte") {
  REQUIRE(setenv("DJM_TEST_SECRET", "hunter2\n", 1) == 0);
  CHECK(read({reference_kind::env, "DJM_TEST_SECRET"}) == "hunter2\n");
  REQUIRE(setenv("DJM_TEST_SECRET", "", 1) == 0);
  CHECK(read({reference_kind::env, "DJM_TEST_SECRET"}).empty());
  const std::string more(max_secret_size + 1, 'x');
  REQUIRE(setenv("DJM_TEST_SECRET", more.c_str(), 1) == 0);
  CHECK(read({reference_kind::env, "DJM_TEST_SECRET"}) == "too_large: the variable has more than 65536 bytes");
  REQUIRE(unsetenv("DJM_TEST_SECRET") == 0);
  CHECK(read({reference_kind::env, "DJM_TEST_SECRET"}) ==
        "invalid_config: the variable is not set in the environment of this process");
}

TEST_CASE("secret_lookup: a configuration names reference and reason when it cannot be resolved") {
  const secret_dir dir;
  const auto there = dir.file("there", "hunter2\n");
  const auto gone = dir.at("gone");
  const auto config =
    user_config::from_texts({{"a", to_string(there)}, {"b", to_string(gone)}, {"c", "${env:DJM_TEST_UNSET}"}});
  REQUIRE(config);
  const auto resolved = config->resolved(look_up_secret);
  REQUIRE_FALSE(resolved);
  CHECK(resolved.error().text ==
        "/b: " + to_string(gone) + ": the file cannot be opened: No such file or directory; " +
          "/c: ${env:DJM_TEST_UNSET}: the variable is not set in the environment of this process");
  const auto good = config->without("b").without("c").resolved(look_up_secret);
  REQUIRE(good);
  CHECK(good->get<std::string>("a").value() == "hunter2");
}
