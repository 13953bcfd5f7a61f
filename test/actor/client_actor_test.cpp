#include <doctest/doctest.h>

#include "djm/client_actor.hpp"
#include "test/actor/facade_rig.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Asks a client from a thread.
class asker {
public:
  explicit asker(const std::string& root) {
    client_options o;
    o.store.root = root;
    client_ = spawn_client(system_, std::move(o)).value();
  }
  template <class T, class Message>
  expected<T> ask(Message m) {
    cx::scoped_actor self{system_};
    expected<T> answer = fail(errc::internal, "no answer");
    self->mail(std::move(m))
      .request(client_, wide)
      .receive([&](T& x) { answer = std::move(x); }, [&](caf::error& e) { answer = tl::make_unexpected(from_caf(e)); });
    return answer;
  }
  expected<order_result> order(update_job m) { return ask<order_result>(std::move(m)); }
  caf::actor_system& system() { return system_; }

private:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  client_actor client_;
};

} // namespace

TEST_CASE("a client that is an actor looks at a cluster and gives orders") {
  const std::string root = "/client-actor/all";
  run_watch runs;
  auto o = silent();
  o.jobs = {*watched("work", {"a", "b"}, runs).build()};
  auto n = node::start(at_root("one", root), std::move(o));
  REQUIRE(n);
  asker c{root};
  REQUIRE(n->wait_ready(wide));
  const auto served = c.ask<job_view>(wait_for_job{"work", duration{wide}});
  REQUIRE(served);
  CHECK(served->items.size() == 2);
  CHECK(c.ask<cluster_view>(get_cluster{})->leader == "one");
  CHECK(c.ask<item_page>(item_query{"work", {}, false, false, {}, 1})->total == 2);
  CHECK(c.ask<lock_list>(get_locks{})->locks.size() == 2);
  CHECK(c.ask<item_explanation>(explain_item{"work", "a"})->owner == "one");
  CHECK(c.ask<stoppable_answer>(ask_stoppable{{"one"}})->refused.size() == 1);
  CHECK(c.ask<what_if_answer>(what_if_question{})->moves.empty());

  CHECK(c.ask<job_view>(get_job{"work"})->items.size() == 2);
  CHECK(c.ask<job_view>(get_job{"x"}).error().code == errc::unknown_job);

  CHECK(c.ask<tree_event_list>(next_tree_events{})->events.empty()); // the first look tells nothing
  CHECK(c.ask<order_result>(mark_worker{"one", {}, true})->changed);
  const auto told = c.ask<tree_event_list>(next_tree_events{duration{wide}});
  REQUIRE(told);
  REQUIRE(told->events.size() == 1);
  CHECK(told->events[0].kind == tree_event_kind::worker_marked);
  CHECK(told->events[0].node == "one");
  CHECK(c.ask<order_result>(mark_worker{"one", {}, false})->changed);
  CHECK(c.ask<finding_list>(get_findings{})->findings.empty());
  CHECK(c.ask<order_result>(repair_finding{"stray_lock:locks/a/b.lock", order_mode::write}).error().code ==
        errc::invalid_state);

  CHECK(c.ask<order_result>(mark_worker{"two", true, true})->changes.size() == 1);
  CHECK(c.ask<order_result>(mark_worker{"two", false, false})->changed);
  CHECK(c.ask<order_result>(mark_worker{"two", {}, {}}).error().code == errc::invalid_config);
  CHECK(c.ask<order_result>(mark_worker{node_id{"a/b"}, true, {}}).error().code == errc::invalid_id);

  CHECK(c.ask<order_result>(switch_job{"work", false})->changed);
  CHECK(eventually([&] { return n->job("work")->items.empty(); }));
  // Long enough for one look, which says what is missing.
  CHECK(c.ask<job_view>(wait_for_job{"work", duration{2s}}).error().code == errc::invalid_state);
  CHECK(c.ask<order_result>(switch_job{"work", true})->changed);
  CHECK(c.ask<order_result>(switch_all{true})->changed == false);

  const auto rev = c.ask<record_view>(get_record{"work"})->rev;
  CHECK(c.ask<order_result>(pause_job{"work"})->rev == rev + 1);
  CHECK(c.ask<order_result>(trigger_job{"work", {}}).error().code == errc::invalid_state);
  CHECK(c.ask<order_result>(resume_job{"work"})->rev == rev + 2);
  CHECK(c.ask<order_result>(trigger_job{"work", "once"})->changed);
  const auto period = *user_config::parse(R"({"schedule": {"period": "1h"}})");
  CHECK(c.order({"work", period, false, rev}).error().code == errc::conflict);
  CHECK(c.order({"work", period, false, {}})->changed);
  CHECK(c.ask<record_view>(get_record{"work"})->spec.schedule.period == 1h);
  CHECK(c.order({"work", {}, true, {}})->changed);
  CHECK(c.ask<order_result>(configure_job{"work", *user_config::parse(R"({"n": 1})"), {}})->changed);
  CHECK(c.ask<record_view>(get_record{"x"}).error().code == errc::unknown_job);
  CHECK(c.ask<order_result>(remove_job{"work"})->changed);
  CHECK(eventually([&] { return !n->job("work"); }));
  CHECK(n->shutdown());
}

TEST_CASE("a client that cannot be is refused when it is made") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  client_options o;
  o.store.connect = "host:99999999";
  CHECK(spawn_client(system, o).error().code == errc::invalid_connect_string);
}
