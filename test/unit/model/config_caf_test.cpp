// Configurations of jobs in messages.
#include "djm/user_config.hpp"

#include <doctest/doctest.h>

#include "djm/inspect.hpp"
#include "test/unit/model/binary_form.hpp"

using namespace djm;
using djm::testing::from_bytes;
using djm::testing::to_bytes;

namespace {

constexpr const char* secret = "hunter2";

user_config resolved_config() {
  return user_config::parse(R"({"batch":20,"password":"${env:PW}"})")
    .value()
    .resolved([](const config_reference&) -> expected<std::string> { return std::string{secret}; })
    .value();
}

struct order {
  std::string job;
  user_config config;
};
DJM_FIELDS(order, job, config)
using djm::inspect;

} // namespace

TEST_CASE("config: what is resolved travels as the reference, and is not shown") {
  const auto c = resolved_config();
  REQUIRE(c.get<std::string>("password").value() == secret);
  const auto sent = to_bytes(c);
  CHECK(std::string{reinterpret_cast<const char*>(sent.data()), sent.size()}.find(secret) == std::string::npos);
  user_config back;
  CHECK_FALSE(from_bytes(sent, back));
  CHECK(back == c);
  CHECK_FALSE(back.is_resolved());
  CHECK(caf::deep_to_string(c) == R"({"batch" = 20, "password" = "${env:PW}"})");
}

TEST_CASE("config: it travels within other types") {
  const order sent{"mail", resolved_config()};
  order back;
  CHECK_FALSE(from_bytes(to_bytes(sent), back));
  CHECK(back.config == sent.config);
  CHECK(caf::deep_to_string(sent) == R"(order(job="mail", config={"batch" = 20, "password" = "${env:PW}"}))");
}

TEST_CASE("config: bytes that are no configuration are an error, not a crash") {
  for (const auto* text : {"", "{", "[]", R"({"a b":1})", R"({"a":"${x}"})"}) {
    CAPTURE(text);
    auto c = resolved_config();
    CHECK(from_bytes(to_bytes(std::string{text}), c));
    CHECK(c == resolved_config());
  }
}
