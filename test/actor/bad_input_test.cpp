#include <doctest/doctest.h>

#include <algorithm>

#include "jobs.hpp"
#include "port_client.hpp"
#include "zkstore/payloads.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

job_definition nothing(const job_id& id) {
  return *job_builder{"x"}.items({"a"}).every(1h).run([](job_context&) {}).build().map([&](job_definition d) {
    d.spec.id = id;
    return d;
  });
}

/// A change of a valid definition, the code it must be refused with, and what the complaint must name.
struct refusal {
  std::string what;
  std::function<void(job_definition&)> spoil;
  errc code;
  std::vector<const char*> names;
};

} // namespace

TEST_CASE("ids of the greatest length work from end to end") {
  run_watch runs;
  lab l;
  const auto longest = [](char letter) { return std::string(max_id_length, letter); };
  const node_id n1{longest('n')}, n2{longest('m')};
  const job_id job{longest('j')};
  const item_id i1{longest('i')}, i2{longest('k')};
  auto& a = l.start(n1);
  auto& b = l.start(n2);
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched(job, {i1, i2}, runs).build()));
  }
  CHECK(a.wait_items(1));
  CHECK(b.wait_items(1));
  CHECK(eventually([&] { return runs.least_runs({i1, i2}) > 1; }));
  CHECK(a.ask(switch_job{job, false}));
  CHECK(eventually([&] { return a.items_of(job).empty() && b.items_of(job).empty(); }));
  CHECK(a.ask(switch_job{job, true}));
  CHECK(b.ask(mark_worker{n1, true, false}));
  CHECK(eventually([&] { return b.items_of(job).size() == 2; }));
  CHECK(b.cluster().workers.size() == 2);
  CHECK(b.ask(unregister_job{job}));
  CHECK(runs.faults().empty());
}

TEST_CASE("an id one character longer is refused wherever it appears") {
  lab l;
  auto& n = l.start("one");
  const std::string longer(max_id_length + 1, 'x');
  auto no = n.add(nothing(job_id{longer}));
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::invalid_id);
  CHECK(mentions(no.error().text, {"job", "120"}));
  CHECK(n.ask(mark_worker{node_id{longer}, true, false}).error().code == errc::invalid_id);
  CHECK(n.ask(unregister_job{job_id{longer}}).error().code == errc::unknown_job);
  auto config = lab_config(node_id{longer});
  const auto refused = spawn_node(l.system(), config);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_id);
}

TEST_CASE("a job that breaks a rule is refused by name, value and rule, and leaves no trace") {
  lab l;
  auto& n = l.start("one");
  const std::vector<refusal> refusals{
    {"empty id", [](job_definition& d) { d.spec.id = ""; }, errc::invalid_id, {"job"}},
    {"slash", [](job_definition& d) { d.spec.id = "a/b"; }, errc::invalid_id, {"a/b"}},
    {"dots", [](job_definition& d) { d.spec.id = ".."; }, errc::invalid_id, {".."}},
    {"zero period",
     [](job_definition& d) { d.spec.schedule = schedule::fixed_rate(0s); },
     errc::invalid_schedule,
     {"bad", "period", "0s"}},
    {"negative period",
     [](job_definition& d) { d.spec.schedule = schedule::fixed_delay(-1s); },
     errc::invalid_schedule,
     {"bad", "period", "-1s"}},
    {"negative delay",
     [](job_definition& d) { d.spec.schedule = schedule::fixed_delay(1s, -2s); },
     errc::invalid_schedule,
     {"bad", "initial_delay", "-2s"}},
    {"negative check",
     [](job_definition& d) { d.spec.pool_check_period = -1s; },
     errc::invalid_config,
     {"bad", "pool_check_period", "-1s"}},
    {"zero pool timeout",
     [](job_definition& d) { d.spec.pool_timeout = 0s; },
     errc::invalid_config,
     {"bad", "pool_timeout", "0s"}},
    {"calendar",
     [](job_definition& d) {
       d.spec.schedule = {schedule_kind::calendar, 0s, 0s, {}, "cron \"61 * * * *\""};
     },
     errc::invalid_schedule,
     {"bad", "schedule", "61"}},
    {"zone",
     [](job_definition& d) {
       d.spec.schedule = {schedule_kind::calendar, 0s, 0s, {}, "cron \"0 * * * *\" zone Europe/Nowhere"};
     },
     errc::invalid_schedule,
     {"bad", "schedule", "Europe/Nowhere"}},
    {"jitter",
     [](job_definition& d) { d.spec.slots.jitter = -1s; },
     errc::invalid_config,
     {"bad", "slots.jitter", "-1s"}},
    {"attempts",
     [](job_definition& d) { d.spec.failures.retry = retry{}.attempts(0); },
     errc::invalid_config,
     {"bad", "failures.retry.attempts", "0"}},
    {"grace too long",
     [](job_definition& d) { d.spec.stop_grace = 1min; },
     errc::invalid_config,
     {"bad", "stop_grace", "1min"}},
    {"no code", [](job_definition& d) { d.code = nullptr; }, errc::invalid_config, {"bad", "code"}},
    {"priority",
     [](job_definition& d) { d.spec.attributes.priority = static_cast<job_priority>(7); },
     errc::invalid_config,
     {"bad", "priority", "job_priority(7)"}},
    {"label",
     [](job_definition& d) { d.spec.attributes.requires_labels = {"g p u"}; },
     errc::invalid_config,
     {"bad", "g p u"}},
    {"weight",
     [](job_definition& d) {
       d.spec.attributes.item_weights = {{"a", -1}};
     },
     errc::invalid_config,
     {"bad", "-1"}},
  };
  for (const auto& r : refusals) {
    CAPTURE(r.what);
    auto d = nothing("bad");
    r.spoil(d);
    auto no = n.add(d);
    REQUIRE_FALSE(no);
    CHECK(no.error().code == r.code);
    CAPTURE(no.error().text);
    for (const char* name : r.names) {
      CHECK(mentions(no.error().text, {name}));
    }
  }
  auto large = nothing("bad");
  for (int i = 0; i < 20'000; ++i) {
    large.spec.attributes.item_weights[item_id{"an-item-with-a-name-of-some-length-" + std::to_string(i)}] = 2000;
  }
  auto no = n.add(large); // let in, it would keep every pool behind it from the store
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::too_large);
  CHECK(mentions(no.error().text, {"bad", "attributes", "262144"}));
  CHECK(n.ask(subscribe{}).error().code == errc::invalid_state);
  REQUIRE(n.add(nothing("good")));
  auto twice = n.add(nothing("good"));
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == errc::duplicate_job);
  CHECK(mentions(twice.error().text, {"good", "one"}));
  REQUIRE(n.wait_items(1));
  const auto v = n.cluster();
  REQUIRE(v.jobs.size() == 1);
  CHECK(v.jobs[0].id == "good");
  CHECK(n.status().jobs.size() == 1);
}

TEST_CASE("the builder names what is missing") {
  const auto none = job_builder{"bad"}.items({"a"}).build();
  REQUIRE_FALSE(none);
  CHECK(mentions(none.error().text, {"bad", "run"}));
  const auto pool = job_builder{"bad"}.run([](job_context&) {}).build();
  REQUIRE_FALSE(pool);
  CHECK(mentions(pool.error().text, {"bad", "pool"}));
}

TEST_CASE("pool names that break a rule are refused one by one; valid ones stay") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.pool([] {
     const item_id longer{std::string(max_id_length + 1, 'x')};
     return std::vector<item_id>{"good", "", "a/b", longer, "..", "also-good", "good"};
   })
    .every(5ms)
    .run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
    });
  REQUIRE(n.add(b.build()));
  CHECK(n.wait_items(2));
  CHECK(n.items_of("work") == std::vector<item_id>{"also-good", "good"});
  CHECK(eventually([&] { return runs.least_runs({"good", "also-good"}) > 1; }));
  const auto said = n.events.of<pool_problem>();
  REQUIRE_FALSE(said.empty());
  std::string all;
  for (const auto& p : said) {
    CHECK(p.why.code == errc::invalid_id);
    all += p.why.text + '\n';
  }
  CHECK(mentions(all, {"work", "a/b", "\"\"", "120"}));
}

TEST_CASE("a node is not started with a configuration that breaks a rule, and hears of all complaints at once") {
  lab l;
  auto check_refused = [&](errc code, std::initializer_list<const char*> names, auto&& spoil) {
    auto c = lab_config("one");
    c.store.connect = "embedded";
    spoil(c);
    const auto no = spawn_node(l.system(), c);
    REQUIRE_FALSE(no);
    CAPTURE(no.error().text);
    CHECK(no.error().code == code);
    for (const char* name : names) {
      CHECK(mentions(no.error().text, {name}));
    }
  };
  check_refused(errc::invalid_id, {"a b"}, [](node_config& c) { c.id = "a b"; });
  check_refused(errc::invalid_config, {"max_threads", "0", "1"}, [](node_config& c) { c.max_threads = 0; });
  check_refused(errc::invalid_config, {"session_timeout", "-1s"},
                [](node_config& c) { c.store.session_timeout = -1s; });
  check_refused(errc::invalid_config, {"stop_grace"}, [](node_config& c) { c.stop_grace = 10s; });
  check_refused(errc::invalid_config, {"backoff_max"}, [](node_config& c) { c.backoff_max = 1ms; });
  check_refused(errc::invalid_config, {"root", "djm"}, [](node_config& c) { c.store.root = "djm"; });
  check_refused(errc::invalid_config, {"labels", "262144"}, [](node_config& c) {
    for (int i = 0; i < 10'000; ++i) {
      c.labels.push_back("a-label-that-says-more-than-it-should-" + std::to_string(i));
    }
  });
  check_refused(errc::invalid_connect_string, {"host:99999999"},
                [](node_config& c) { c.store.connect = "host:99999999"; });
  check_refused(errc::invalid_connect_string, {"127.0.0.1:2181/a//b"},
                [](node_config& c) { c.store.connect = "127.0.0.1:2181/a//b"; });
  check_refused(errc::invalid_config, {"max_threads", "weight"}, [](node_config& c) {
    c.max_threads = 0;
    c.weight = 0;
  });
  const auto unknown = parse_node_config(R"({"id": "one", "sesion_timeout": "1s", "store": {"rot": "/x"}})");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == errc::invalid_config);
  CHECK(mentions(unknown.error().text, {"sesion_timeout", "/store/rot"}));
}

TEST_CASE("an unreachable server is tried again and again, said once, and does not delay a shutdown") {
  lab l;
  std::mutex guard;
  std::vector<std::string> log;
  auto c = lab_config("one");
  c.store.connect = "127.0.0.1:1";
  c.registration_timeout = 50ms;
  node_options o;
  o.log = [&](const log_record& r) {
    std::lock_guard<std::mutex> lock{guard};
    log.push_back(r.text);
    the_bell().ring();
  };
  auto handle = spawn_node(l.system(), c, o);
  REQUIRE(handle);
  lab_node n{l.system()};
  n.handle = *handle;
  caf::actor_cast<caf::actor>(n.handle)->attach_functor([&n](const caf::error& why) { n.note_down(why); });
  const auto has = [&](const char* text) {
    std::lock_guard<std::mutex> lock{guard};
    return std::count_if(log.begin(), log.end(), [&](const std::string& x) { return mentions(x, {text}); });
  };
  CHECK(eventually([&] { return has("still trying") == 1; }));
  CHECK(has("connecting") == 1);
  const auto st = n.status();
  CHECK(st.state == node_lifecycle::starting);
  CHECK_FALSE(st.ready);
  CHECK(st.connection.session == session_phase::connecting);
  CHECK(n.add(nothing("early")));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(n.shutdown());
  CHECK(std::chrono::steady_clock::now() - begin < 8s);
  CHECK(has("still trying") == 1);
  CHECK(has("connecting") == 1);
  *handle = nullptr;
}

TEST_CASE("a second node with an id in use fails with that reason; the first goes on") {
  run_watch runs;
  lab l;
  auto config = lab_config("same");
  config.store.session_timeout = 500ms;
  config.store.operation_deadline = 200ms;
  auto& first = l.start(config);
  REQUIRE(first.add(watched("work", {"a"}, runs).build()));
  REQUIRE(first.wait_items(1));
  auto& second = l.start(config);
  REQUIRE(second.add(watched("work", {"a"}, runs).build()));
  auto why = second.wait_down();
  REQUIRE(why);
  CHECK(why->code == errc::node_id_in_use);
  CHECK(mentions(why->text, {"\"same\"", "host-of-same", "/djm/alive/same"}));
  second.handle = nullptr;
  const auto before = runs.runs();
  CHECK(eventually([&] { return runs.runs() > before + 2; }));
  CHECK(first.status().ready);
  CHECK(first.status().connection.counters.joins == 1);
  CHECK(runs.faults().empty());
}

TEST_CASE("a tree of another format is left alone") {
  lab l;
  port_client foreign{l.store(), {}};
  foreign.transact({store::create_op{"/djm", ""}, store::create_op{"/djm/format", R"({"v":1,"format":99})"}});
  auto& n = l.start("one");
  auto why = n.wait_down();
  REQUIRE(why);
  CHECK(why->code == errc::format_mismatch);
  CHECK(mentions(why->text, {"/djm/format", "99", "2"}));
  n.handle = nullptr;
  CHECK(foreign.read(store::children("/djm")).read.children == std::vector<std::string>{"format"});
  foreign.transact({store::set_op{"/djm/format", "not even JSON"}});
  auto& m = l.start("two");
  why = m.wait_down();
  REQUIRE(why);
  CHECK(why->code == errc::format_mismatch);
  CHECK(mentions(why->text, {"/djm/format"}));
  m.handle = nullptr;
}

TEST_CASE("a tree of somebody else's is no_permission") {
  lab l;
  auto owner = lab_config("owner");
  owner.store.digest = "alice:secret";
  auto& a = l.start(owner);
  REQUIRE(a.wait_ready());
  auto stranger = lab_config("stranger");
  stranger.store.digest = "bob:guess";
  stranger.registration_timeout = 500ms; // so long it might be that somebody is just changing the access
  auto& b = l.start(stranger);
  auto why = b.wait_down();
  REQUIRE(why);
  CHECK(why->code == errc::no_permission);
  CHECK(mentions(why->text, {"/djm"}));
  CHECK_FALSE(mentions(why->text, {"guess"}));
  b.handle = nullptr;
  CHECK(a.status().ready);
}

TEST_CASE("too many requests before the node is connected are refused with backlog_full") {
  lab l;
  l.store().set_frozen(true);
  auto c = lab_config("one");
  c.backlog_limit = 2;
  auto& n = l.start(c);
  for (int i = 0; i < 2; ++i) {
    cx::anon_mail(switch_all{false}).send(n.handle);
  }
  auto no = n.ask(switch_all{false});
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::backlog_full);
  CHECK(n.status().state == node_lifecycle::starting);
  l.store().set_frozen(false);
  CHECK(eventually([&] { return n.cluster().all_disabled; }));
}
