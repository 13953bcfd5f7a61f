// References to secrets: refused where they are none, resolved, and never shown.
#include "djm/config_reference.hpp"

#include <doctest/doctest.h>

#include "djm/json.hpp"
#include "djm/text.hpp"
#include "djm/user_config.hpp"
#include "model/config_text.hpp"

using namespace djm;

namespace {

struct account {
  std::string user = "app";
  std::string password;
};

template <class V>
auto fields(V&& v, account& x) {
  return v("account", field("user", x.user), secret_field("password", x.password));
}

struct service {
  account primary;
  std::vector<account> others;
  duration pause{};
};
DJM_FIELDS(service, primary, others, pause)

constexpr const char* secret = "hunter2";

/// Every reference stands for the password.
expected<std::string> tell(const config_reference&) {
  return std::string{secret};
}

user_config parsed(std::string_view json) {
  const auto c = user_config::parse(json);
  REQUIRE_MESSAGE(c, (c ? "" : c.error().text));
  return *c;
}

template <class T>
std::string why(const expected<T>& x) {
  return x ? "accepted" : x.error().text;
}

bool is_reference(const char* text) {
  return parse_reference(text).has_value();
}

/// What is made of a text when references stand for `[env NAME]` and `[file PATH]`.
std::string resolved_text(const std::string& text) {
  const auto lookup = [](const config_reference& x) -> expected<std::string> {
    return "[" + enum_text(x.kind) + " " + x.name + "]";
  };
  const auto c = user_config{}.with("t", text);
  if (!c) {
    return c.error().text;
  }
  return c->resolved(lookup).value().get<std::string>("t").value().value();
}

constexpr const char* rule =
  ": a secret is not stored: it must be a reference such as ${env:NAME} or ${file:/PATH} (the value is not shown)";

} // namespace

TEST_CASE("secrets: a reference names a variable or an absolute path, and is written as it is read") {
  for (const auto* text : {"${env:A}", "${env:_}", "${env:PASSWORD_2}", "${env:a}", "${file:/a}",
                           "${file:/run/secrets/my secret: 1$}", "${file:/\xC3\xA9}"}) {
    CAPTURE(text);
    REQUIRE(is_reference(text));
    CHECK(to_string(*parse_reference(text)) == text);
  }
  CHECK(is_reference(("${env:" + std::string(200, 'a') + "}").c_str()));
  CHECK(is_reference(("${file:/" + std::string(999, 'a') + "}").c_str()));
}

TEST_CASE("secrets: everything else is no reference, and the error does not show it") {
  for (const auto* text : {"",
                           "hunter2",
                           "$",
                           "${",
                           "${}",
                           "${env}",
                           "${env:}",
                           "${env:1A}",
                           "${env:A-B}",
                           "${env:A B}",
                           "${env:A",
                           "env:A",
                           "${ENV:A}",
                           "${ env:A}",
                           "${file:}",
                           "${file:a}",
                           "${file:./a}",
                           "${file:/}",
                           "${vault:a}",
                           "${file:/a\nb}",
                           " ${env:A}",
                           "${env:A} ",
                           "${env:A}x",
                           "$${env:A}",
                           "${env:A}}",
                           "${file:/a}b}",
                           "${env:A\xFF}",
                           "${file:/\xFF}",
                           "${env:A}${env:B}"}) {
    CAPTURE(text);
    const auto x = parse_reference(text);
    REQUIRE_FALSE(x);
    CHECK(x.error().text.find("hunter2") == std::string::npos);
  }
  CHECK_FALSE(is_reference(("${env:" + std::string(201, 'a') + "}").c_str()));
  CHECK_FALSE(is_reference(("${file:/" + std::string(1000, 'a') + "}").c_str()));
}

TEST_CASE("secrets: references stand anywhere in a text, and an escape says that there is none") {
  CHECK(resolved_text("plain $ {} text$") == "plain $ {} text$");
  CHECK(resolved_text("${env:A}") == "[env A]");
  CHECK(resolved_text("a${env:A}b${file:/c}${env:A}") == "a[env A]b[file /c][env A]");
  CHECK(resolved_text("$${env:A}") == "${env:A}");
  CHECK(resolved_text("$${") == "${");
  CHECK(resolved_text("$$${env:A}") == "$${env:A}");
  CHECK(resolved_text("$${${env:A}}") == "${[env A]}");
  CHECK(resolved_text("a ${evn:A} b") == "/t: \"${evn:A}\" is not a reference such as ${env:NAME} or ${file:/PATH}; "
                                         "$${ stands for ${");
  CHECK(resolved_text("${env:A").find("/t: \"${env:A\" is not a reference") == 0);
  CHECK(why(user_config::parse(R"({"a":[{"b":"${x}"}]})")).find("/a/0/b: \"${x}\" is not a reference") == 0);
}

TEST_CASE("secrets: a secret field that is no reference is refused and not shown") {
  CHECK(why(user_config::of(account{"app", secret})) == "/password" + std::string{rule});
  CHECK(why(user_config::of(account{"app", "${env:A} or hunter2"})) == "/password" + std::string{rule});
  CHECK(why(user_config{}.with("a", std::vector<account>{{"app", ""}, {"app", secret}})) ==
        "/a/1/password" + std::string{rule});
  CHECK(user_config::of(account{"app", ""}));
  const auto c = user_config::of(account{"app", "${env:PW}"});
  REQUIRE(c);
  CHECK(c->to_json() == R"({"password":"${env:PW}","user":"app"})");
  CHECK(c->as<account>()->password == "${env:PW}");
}

TEST_CASE("secrets: one that is stored as plain text is refused when it is read, whoever has written it") {
  const auto c = parsed(R"({"user":"app","password":"hunter2"})");
  CHECK(why(c.as<account>()) == "/password" + std::string{rule});
  CHECK(why(c.resolved(tell).value().as<account>()) == "/password" + std::string{rule});
  CHECK(why(parsed(R"({"a":{"password":"hunter2"}})").get<account>("a")) == "/a/password" + std::string{rule});
  CHECK(why(parsed(R"({"password":31337})").as<account>()) == "/password: a secret value is not a text");
}

TEST_CASE("secrets: what is resolved reads as the secret and shows the reference alone") {
  service x;
  x.primary.password = "${env:A}";
  x.others = {{"b", "${file:/b}"}};
  const auto stored =
    user_config::of(x).and_then([](const user_config& c) { return c.with("dsn", "db://u:${env:A}@h"); });
  REQUIRE(stored);
  const auto c = stored->resolved(tell);
  REQUIRE(c);
  CHECK(c->is_resolved());
  CHECK_FALSE(stored->is_resolved());
  CHECK(c->get<std::string>("dsn").value() == "db://u:hunter2@h");
  const auto read = c->as<service>();
  REQUIRE(read);
  CHECK(read->primary.password == secret);
  CHECK(read->others.at(0).password == secret);
  CHECK(*c->view().find("dsn")->as_text() == "db://u:hunter2@h");
  CHECK(c->view().find("dsn")->shown() == "\"db://u:${env:A}@h\"");
  CHECK(c->view().find("dsn")->is_resolved());
  CHECK(c->view().find("others")->element(0).find("password")->is_resolved());
  CHECK_FALSE(c->view().find("pause")->is_resolved());

  CHECK(*c == *stored);
  CHECK(c->hash() == stored->hash());
  CHECK(c->references() == std::vector<config_reference>{{reference_kind::env, "A"}, {reference_kind::file, "/b"}});
  json_sink frank{-1, json_sink::secrets::shown};
  write_value(frank, *c);
  std::string texts;
  for (const auto& [name, text] : c->to_texts()) {
    texts += name + text;
  }
  for (const auto& shown : {c->to_json(), to_text(*c), to_json_text(*c), frank.str(), texts, to_text(*read)}) {
    CHECK(shown.find(secret) == std::string::npos);
  }
  for (const auto& made : {c->with("n", 1).value(), c->without("dsn"), c->merged({}).value(),
                           user_config{}.merged(*c).value(), c->filter([](const std::string&) { return true; })}) {
    CHECK_FALSE(made.is_resolved());
    CHECK(made.to_json().find(secret) == std::string::npos);
  }
}

TEST_CASE("secrets: complaints about what is resolved show the reference alone") {
  const auto c = parsed(R"({"a":"${env:A}","list":["${env:A}"],"o":{"type":"${env:A}"},"primary":"${env:A}"})")
                   .resolved(tell)
                   .value();
  const auto check = [](const auto& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().text.find(secret) == std::string::npos);
    CHECK(result.error().text.find("${env:A}") != std::string::npos);
  };
  check(c.get<int>("a"));
  check(c.get<bool>("a"));
  check(c.get<double>("a"));
  check(c.get<duration>("a"));
  check(c.get<wall_time>("a"));
  check(c.get<reference_kind>("a"));
  check(c.get<bytes>("a"));
  check(c.get<std::vector<int>>("a"));
  check(c.get<std::vector<duration>>("list"));
  check(c.get<std::map<std::string, int>>("a"));
  check(c.get<account>("a"));
  check(c.get<std::variant<account, service>>("o"));
  check(c.as<service>());
}

TEST_CASE("secrets: what cannot be resolved is named, with all places and without what the lookup knows") {
  const auto c = parsed(R"({"a":"${env:A}","b":["${file:/b}"],"c":"${env:C}","d":"x"})");
  const auto refused = c.resolved([](const config_reference& x) -> expected<std::string> {
    if (x.name == "C") {
      return std::string{"fine"};
    }
    return fail(errc::invalid_config, "not here");
  });
  CHECK(why(refused) == "/a: ${env:A}: not here; /b/0: ${file:/b}: not here");
  CHECK(why(c.resolved([](const config_reference&) -> expected<std::string> { return std::string{"hunter2\xFF"}; })) ==
        "/a: ${env:A}: stands for bytes that are not UTF-8; /b/0: ${file:/b}: stands for bytes that are not UTF-8; "
        "/c: ${env:C}: stands for bytes that are not UTF-8");
  const std::string most(max_config_size, 'x');
  const auto large = [&](std::size_t extra) {
    return c.without("b").without("c").resolved(
      [&](const config_reference&) -> expected<std::string> { return most + std::string(extra, 'x'); });
  };
  CHECK(large(0).value().get<std::string>("a").value() == most);
  CHECK(why(large(1)) == "/a: ${env:A}: stands for 65537 bytes; at most 65536 are allowed");
}

TEST_CASE("secrets: each reference is looked up once, and what it stands for is not looked at again") {
  int asked = 0;
  const auto c = parsed(R"({"a":"${env:A}${env:A}","b":["${env:A}"]})")
                   .resolved([&asked](const config_reference&) -> expected<std::string> {
                     ++asked;
                     return std::string{"${env:B}$${"};
                   });
  REQUIRE(c);
  CHECK(asked == 1);
  CHECK(c->get<std::string>("a").value() == "${env:B}$${${env:B}$${");
}

TEST_CASE("secrets: without references there is nothing to ask") {
  const auto c = parsed(R"({"a":1,"b":"$${x}"})").resolved([](const config_reference&) -> expected<std::string> {
    FAIL("nothing to look up");
    return std::string{};
  });
  REQUIRE(c);
  CHECK(c->get<std::string>("b").value() == "${x}");
  CHECK(c->to_json() == R"({"a":1,"b":"$${x}"})");
  CHECK(user_config{}.resolved(tell).value() == user_config{});
}
