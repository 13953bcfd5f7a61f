#include "execution/command/command_rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>

#include <unistd.h>

using namespace djm;
using namespace std::chrono_literals;

namespace {

command_options good() {
  command_options o;
  o.program = {"/bin/true"};
  return o;
}

/// All complaints about options with this change.
std::string why(const std::function<void(command_options&)>& change) {
  auto o = good();
  change(o);
  std::string all;
  for (const auto& c : exec::check_command(o)) {
    all += c + "\n";
  }
  return all;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("command rules: both edges of each range, and a text that names value and rule") {
  CHECK(why([](auto&) {}).empty());
  CHECK(has(why([](auto& o) { o.program.clear(); }), "program is empty"));
  CHECK(has(why([](auto& o) { o.program = {""}; }), "program is empty"));
  CHECK(has(why([](auto& o) { o.program.emplace_back("a\0b", 3); }), "argument 1 of program has a zero byte"));
  CHECK(has(why([](auto& o) { o.program.resize(4097); }), "program has 4097 arguments; at most 4096"));
  CHECK(has(why([](auto& o) { o.program.emplace_back(1024 * 1024, 'x'); }), "at most 1048576"));
  CHECK(has(why([](auto& o) { o.environment["DJM_ITEM"] = "x"; }), "\"DJM_ITEM\"; names that begin with DJM_"));
  CHECK(has(why([](auto& o) { o.environment["A=B"] = "x"; }), "\"A=B\""));
  CHECK(has(why([](auto& o) { o.environment[""] = "x"; }), "must not be empty"));
  CHECK(has(why([](auto& o) { o.environment["A"] = std::string(1, '\0'); }), "the value of \"A\""));
  CHECK(has(why([](auto& o) { o.folder = "tmp"; }), "folder is \"tmp\"; it must be an absolute path"));
  CHECK(has(why([](auto& o) { o.folder = ""; }), "folder is \"\""));
  CHECK(has(why([](auto& o) { o.umask = 01000; }), "umask is 01000"));
  CHECK(why([](auto& o) { o.umask = 0777; }).empty());
  for (const unsigned n : {0u, 9u, 19u, 32u}) {
    CHECK(has(why([&](auto& o) { o.stop_signal = n; }), "stop_signal is"));
  }
  CHECK(why([](auto& o) { o.stop_signal = 31; }).empty());
  CHECK(has(why([](auto& o) { o.stop_grace = -1s; }), "stop_grace is"));
  CHECK(has(why([](auto& o) { o.stop_grace = 1h + 1s; }), "it must be from 0s to 1h"));
  CHECK(why([](auto& o) { o.stop_grace = 1h; }).empty());
  CHECK(has(why([](auto& o) { o.ready_timeout = 2h; }), "ready_timeout is 2h"));
  CHECK(has(why([](auto& o) { o.postpone = 500ms; }), "postpone is 500ms; it must be from 1s to 24h"));
  CHECK(has(why([](auto& o) { o.most_postponed = 1001; }), "most_postponed is 1001"));
  CHECK(has(why([](auto& o) { o.limits.nofile = 3; }), "limits.nofile is 3; it must be from 4"));
  CHECK(has(why([](auto& o) { o.limits.address_space = 1; }), "limits.address_space is 1"));
  CHECK(has(why([](auto& o) { o.whole_share = true; }), "whole_share needs input = json"));
  CHECK(has(why([](auto& o) { o.load_states = true; }), "load_states needs input = json"));
  const auto three = why([](auto& o) {
    o.folder = "x";
    o.stop_signal = 9;
    o.postpone = 0s;
  });
  CHECK(std::count(three.begin(), three.end(), '\n') == 3);
}

TEST_CASE("command rules: the environment is made from empty, and nobody overrides what is djm's") {
  auto o = good();
  o.environment = {{"A", "1"}, {"HOME", "/elsewhere"}};
  setenv("TZ", "Europe/Berlin", 1);
  setenv("LD_PRELOAD_OF_NODE", "x", 1);
  exec::identity who;
  who.home = "/srv/a";
  const auto all = exec::make_environment(o, who, {{"DJM_ITEM", "i"}});
  unsetenv("TZ");
  CHECK(all == std::vector<std::string>{"A=1", "DJM_ITEM=i", "HOME=/elsewhere", "LANG=C.UTF-8",
                                        "PATH=/usr/local/bin:/usr/bin:/bin", "TZ=Europe/Berlin"});
  unsetenv("LD_PRELOAD_OF_NODE");
}

TEST_CASE("command rules: a user by name and by number, and who is not there") {
  const auto root = exec::look_up_user("root");
  if (geteuid() == 0) {
    REQUIRE(root);
    CHECK(root->switches);
    CHECK(root->uid == 0);
    CHECK(root->home == "/root");
    const auto nobody = exec::look_up_user("nobody");
    REQUIRE(nobody);
    CHECK(nobody->uid == 65534);
    CHECK(nobody->groups == std::vector<std::uint32_t>{65534});
    const auto number = exec::look_up_user("4000000");
    REQUIRE(number);
    CHECK(number->uid == 4000000);
    CHECK(number->groups == std::vector<std::uint32_t>{4000000});
  } else {
    REQUIRE_FALSE(root);
    CHECK(root.error().code == errc::no_permission);
  }
  const auto none = exec::look_up_user("no-such-user");
  REQUIRE_FALSE(none);
  CHECK(has(none.error().text, "there is no user \"no-such-user\""));
  const auto self = exec::look_up_user("");
  REQUIRE(self);
  CHECK_FALSE(self->switches);
}
