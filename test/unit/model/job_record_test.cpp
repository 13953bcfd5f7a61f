#include <doctest/doctest.h>

#include "djm/job.hpp"
#include "djm/job_record.hpp"

using namespace djm;
using std::chrono::seconds;

namespace {

struct mail_settings {
  int batch = 10;
  std::string server = "localhost";
};
template <class V>
auto fields(V&& v, mail_settings& x) {
  return v("mail_settings", field("batch", x.batch).range(1, 1000), field("server", x.server));
}

job_builder mail() {
  return job_builder{"mail"}.items({"a"}).run([](job_context&) {});
}

job_spec spec() {
  job_spec s;
  s.id = "j";
  return s;
}

} // namespace

TEST_CASE("job record: a hash names what is registered, revision and defaults included") {
  const auto plain = hash_of_spec(spec());
  CHECK(plain.size() == 16);
  CHECK(hash_of_spec(spec()) == plain);
  auto other = spec();
  other.schedule.period = seconds{2};
  CHECK(hash_of_spec(other) != plain);
  other = spec();
  other.revision = 1;
  CHECK(hash_of_spec(other) != plain);
  other = spec();
  other.config = *user_config{}.with("batch", 1);
  CHECK(hash_of_spec(other) != plain);
  other = spec();
  other.attributes.strategy = "sticky";
  CHECK(hash_of_spec(other) != plain);
}

TEST_CASE("job record: revision and deployment are checked with the specification") {
  auto s = spec();
  s.revision = -1;
  CHECK(validate(s).error().text == "job \"j\": revision is -1; it must not be below 0");
  s = spec();
  s.deployment = std::string(121, 'x');
  CHECK(validate(s).error().text.find("deployment is ") != std::string::npos);
  s.deployment = "\xff";
  CHECK_FALSE(validate(s));
}

TEST_CASE("job builder: a configuration is given as a struct, and checked as one") {
  auto d = mail().config(mail_settings{}).build();
  REQUIRE(d);
  CHECK(d->spec.config.as<mail_settings>()->batch == 10);
  CHECK(d->code->check_config(*user_config{}.with("batch", 20)));
  const auto too_many = d->code->check_config(*user_config{}.with("batch", 5000));
  REQUIRE_FALSE(too_many);
  CHECK(too_many.error().text.find("/batch") != std::string::npos);
  CHECK(too_many.error().text.find("from 1 to 1000") != std::string::npos);
  CHECK_FALSE(d->code->check_config(*user_config{}.with("bach", 5)));
  auto bad = mail_settings{};
  bad.batch = 0;
  const auto refused = mail().config(bad).build();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("job \"mail\": config: ") == 0);
}

TEST_CASE("job builder: any configuration will do where none is described") {
  const auto d = mail().config(*user_config{}.with("x", 1)).revision(4).deployment("2026-11").build();
  REQUIRE(d);
  CHECK(d->code->check_config(*user_config{}.with("y", 2)));
  CHECK(d->spec.revision == 4);
  CHECK(d->spec.deployment == "2026-11");
}
