#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "djm/messages.hpp"
#include "test/actor/facade_rig.hpp"

/// Questions to the code of a job, put to `djm::node`.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

using handler = std::function<expected<bytes>(ask_context&)>;

std::string text_of(const bytes& x) {
  return {x.data.begin(), x.data.end()};
}

job_builder asked(std::vector<item_id> items, run_watch& runs, handler f) {
  return watched("work", std::move(items), runs).on_ask(std::move(f));
}

expected<bytes> echo(ask_context& ctx) {
  return bytes_of(ctx.item().id + ":" + text_of(ctx.question()));
}

/// A node that holds item "a", which is asked by `f`.
struct asked_node {
  run_watch runs;
  std::optional<node> n;

  asked_node(const std::string& root, handler f) {
    auto started = node::start(at_root("one", root), silent());
    REQUIRE(started);
    n.emplace(std::move(*started));
    REQUIRE(n->register_job(asked({"a"}, runs, std::move(f))));
    REQUIRE(eventually([&] { return runs.runs_of("a") > 0; })); // it is held, and there is a lease
  }
  expected<item_answer> ask(const std::string& what = {}, any_duration timeout = wide) const {
    return n->ask("work", "a", bytes_of(what), timeout);
  }
  errc code(const std::string& what = {}, any_duration timeout = wide) const {
    const auto a = ask(what, timeout);
    return a ? errc::none : a.error().code;
  }
};

bool problem_goes_on(const node& n, errc code) {
  const auto s = n.status();
  return s && std::any_of(s->problems.begin(), s->problems.end(),
                          [&](const problem_status& p) { return p.code == code && p.ended_ms == 0; });
}

/// Lets a handler wait, and tells when it has been called.
struct handler_gate {
  gate g;
  std::atomic<int> called{0};
  std::atomic<int> over{0};

  expected<bytes> pass() {
    ++called;
    g.pass();
    ++over;
    return bytes_of("late");
  }
};

} // namespace

TEST_CASE("ask: who holds an item answers under its token, and who does not says so") {
  run_watch runs;
  auto one = node::start(at_root("one", "/ask/two"), silent());
  auto two = node::start(at_root("two", "/ask/two"), silent());
  REQUIRE(one);
  REQUIRE(two);
  const auto def = asked({"a", "b"}, runs, echo);
  REQUIRE(one->register_job(def));
  REQUIRE(two->register_job(def));
  const auto answers = [](const node& n, const item_id& item) { return n.ask("work", item, bytes_of("q")); };
  const auto answered_once = [&](const item_id& item) {
    return answers(*one, item).has_value() != answers(*two, item).has_value();
  };
  REQUIRE(eventually([&] {
    const auto s = one->job("work");
    return s && s->items.size() == 1 && answered_once("a") && answered_once("b");
  }));
  for (const auto& item : to_ids<item_id>({"a", "b"})) {
    const bool first = one->job("work")->items.at(0).id == item;
    const auto yes = answers(first ? *one : *two, item);
    const auto no = answers(first ? *two : *one, item);
    REQUIRE(yes);
    CHECK(text_of(yes->answer) == item + ":q");
    CHECK(yes->node == (first ? "one" : "two"));
    CHECK(yes->token > 0);
    REQUIRE_FALSE(no);
    CHECK(no.error().code == errc::not_owner);
    CHECK(mentions(no.error().text, {"work", item.str().c_str(), first ? "two" : "one"}));
  }
  CHECK(one->shutdown());
  CHECK(two->shutdown());
}

TEST_CASE("ask: a question that makes no sense is refused, and a job that answers none says so") {
  asked_node s{"/ask/refused", {}};
  CHECK(s.code() == errc::invalid_state);
  CHECK(mentions(s.ask().error().text, {"work", "answers no questions"}));
  CHECK(s.n->ask("none", "a", {}).error().code == errc::unknown_job);
  CHECK(s.n->ask("work", "z", {}).error().code == errc::not_owner);
  CHECK(mentions(s.ask({}, 0ms).error().text, {"timeout", "0", "1ms"}));
  CHECK(s.code({}, 11min) == errc::invalid_config);
  CHECK(s.n->ask("work", "a", {std::vector<std::uint8_t>(max_question_size + 1)}).error().code == errc::too_large);
}

TEST_CASE("ask: an error of the code is told as it is, what it throws as its failure") {
  asked_node s{"/ask/throws", [](ask_context& ctx) -> expected<bytes> {
                 const auto what = text_of(ctx.question());
                 if (what == "throw") {
                   throw std::runtime_error{"no idea"};
                 }
                 if (what == "huge") {
                   return bytes{std::vector<std::uint8_t>(max_question_size + 1)};
                 }
                 return fail(errc::conflict, "not today");
               }};
  CHECK(s.code() == errc::conflict);
  CHECK(s.ask().error().text == "not today");
  CHECK(s.code("throw") == errc::user_code_failed);
  CHECK(mentions(s.ask("throw").error().text, {"work", "a", "no idea"}));
  CHECK(s.code("huge") == errc::too_large);
  CHECK(s.n->status()->executor.failed == 0); // it was no run
}

TEST_CASE("ask: code that does not answer in time is told of, hangs for itself alone, and is bounded") {
  handler_gate h;
  asked_node s{"/ask/hangs", [&](ask_context& ctx) -> expected<bytes> {
                 return text_of(ctx.question()) == "hang" ? h.pass() : echo(ctx);
               }};
  CHECK(s.code("hang", 20ms) == errc::timed_out);
  CHECK(eventually([&] { return problem_goes_on(*s.n, errc::user_code_hangs); }));
  const auto before = s.runs.runs();
  CHECK(eventually([&] { return s.runs.runs() > before + 3; })); // runs go on beside it
  CHECK(s.code("quick") == errc::none);
  // One whose time is over before a thread has got to it is not put at all.
  CHECK(eventually([&] {
    static_cast<void>(s.code("hang", 20ms));
    return h.called == static_cast<int>(max_questions_of_job);
  }));
  CHECK(s.code("quick") == errc::backlog_full);
  h.g.open();
  CHECK(eventually([&] { return s.code("quick") == errc::none; }));
  CHECK(eventually([&] { return !problem_goes_on(*s.n, errc::user_code_hangs); }));
}

TEST_CASE("ask: an item moves when the question about it is over, not before") {
  handler_gate h;
  run_watch runs;
  std::atomic<fencing_token> at_end{0};
  const auto def = asked({"a"}, runs, [&](ask_context& ctx) -> expected<bytes> {
    auto said = h.pass();
    at_end = ctx.item().token;
    return ctx.stop_requested() ? bytes_of(to_string(ctx.reason())) : std::move(said);
  });
  auto one = node::start(at_root("one", "/ask/moves"), silent());
  REQUIRE(one);
  REQUIRE(one->register_job(def));
  REQUIRE(eventually([&] { return runs.runs_of("a") > 0; }));
  auto asking = std::async(std::launch::async, [&] { return one->ask("work", "a", {}, wide); });
  REQUIRE(eventually([&] { return h.called == 1; }));
  auto two = node::start(at_root("two", "/ask/moves"), silent());
  REQUIRE(two);
  REQUIRE(two->register_job(def));
  REQUIRE(two->wait_ready(wide));
  REQUIRE(one->drain("one"));
  const auto item = [&] {
    const auto c = two->cluster();
    return c && !c->jobs.empty() && !c->jobs[0].items.empty() ? c->jobs[0].items[0] : item_view{};
  };
  REQUIRE(eventually([&] { return item().owner == "two"; }));
  REQUIRE(eventually([&] { return one->job("work")->items.empty(); })); // it has heard of that
  CHECK(item().holder == "one");
  CHECK(one->job("work")->leaving.size() == 1);
  CHECK(one->ask("work", "a", {}).error().code == errc::not_owner);
  h.g.open();
  const auto answer = asking.get();
  REQUIRE(answer);
  CHECK(text_of(answer->answer) == "revoked");
  CHECK(answer->token == at_end);
  CHECK(eventually([&] { return item().holder == "two"; }));
  CHECK(item().token > answer->token);
  CHECK(runs.faults().empty());
  CHECK(one->shutdown());
  CHECK(two->shutdown());
}

TEST_CASE("ask: a job is given back when the question is over, and its code let go") {
  handler_gate h;
  auto alive = std::make_shared<int>(0);
  asked_node s{"/ask/unregister", [&h, alive](ask_context&) { return h.pass(); }};
  auto asking = std::async(std::launch::async, [&] { return s.ask(); });
  REQUIRE(eventually([&] { return h.called == 1; }));
  auto leaving = std::async(std::launch::async, [&] { return s.n->unregister_job("work"); });
  REQUIRE(eventually([&] { return s.n->job("work")->items.empty(); }));
  CHECK(leaving.wait_for(50ms) == std::future_status::timeout);
  h.g.open();
  CHECK(asking.get());
  CHECK(leaving.get());
  CHECK(h.over == 1);
  CHECK(alive.use_count() == 1);
}

TEST_CASE("ask: a shutdown tells who waits, and waits for the code") {
  handler_gate h;
  asked_node s{"/ask/shutdown", [&](ask_context&) { return h.pass(); }};
  auto asking = std::async(std::launch::async, [&] { return s.ask(); });
  REQUIRE(eventually([&] { return h.called == 1; }));
  auto ending = std::async(std::launch::async, [&] { return s.n->shutdown(); });
  const auto answer = asking.get();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == errc::shutting_down);
  CHECK(ending.wait_for(50ms) == std::future_status::timeout);
  h.g.open();
  CHECK(ending.get());
  CHECK(h.over == 1);
}

TEST_CASE("ask: code that outlasts a hurried shutdown is named") {
  auto h = std::make_shared<handler_gate>();
  asked_node s{"/ask/hurry", [h](ask_context&) { return h->pass(); }};
  auto asking = std::async(std::launch::async, [&] { return s.ask(); });
  REQUIRE(eventually([&] { return h->called == 1; }));
  const auto end = s.n->shutdown(true);
  REQUIRE_FALSE(end);
  CHECK(end.error().code == errc::user_code_hangs);
  CHECK(mentions(end.error().text, {"work", "question about item", "a"}));
  CHECK_FALSE(asking.get());
  h->g.open();
  CHECK(eventually([&] { return h->over == 1; }));
}
