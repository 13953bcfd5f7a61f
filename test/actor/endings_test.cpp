#include <doctest/doctest.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "djm/node.hpp"
#include "jobs.hpp"

// What is over when a node, or a job of it, is said to have ended.

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

node_options silent() {
  node_options o;
  o.log = [](const log_record&) {};
  return o;
}

node_config at_root(const std::string& root) {
  auto c = lab_config("one");
  c.store.root = root;
  return c;
}

/// One that gives up soon.
node_config impatient(const std::string& root) {
  auto c = at_root(root);
  c.store.operation_deadline = 200ms;
  c.stop_timeout = 300ms;
  return c;
}

/// What happens to a job that is watched from outside.
struct life {
  gate pool, run, cut;
  std::atomic<int> in_pool{0}, in_run{0}, in_cut{0};
  std::atomic<bool> destroyed{false};
  std::string died_on;

  static void enter(std::atomic<int>& count, gate& g) {
    ++count;
    the_bell().ring();
    g.pass();
    --count;
    the_bell().ring();
  }
  bool in_code() const { return in_pool + in_run + in_cut > 0; }
  void open_all() {
    pool.open();
    run.open();
    cut.open();
  }
};

/// A job whose functions stand before the gates of its life.
class gated final : public job {
public:
  explicit gated(life& l) : life_(l) {}
  ~gated() override {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    life_.died_on = name;
    life_.destroyed = true;
    the_bell().ring();
  }
  std::vector<item_id> work_pool() override {
    life::enter(life_.in_pool, life_.pool);
    return {"a"};
  }
  void run(job_context&) override { life::enter(life_.in_run, life_.run); }
  std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share) override {
    life::enter(life_.in_cut, life_.cut);
    return {share};
  }

private:
  life& life_;
};

job_definition gated_job(life& l) {
  job_definition d;
  d.spec.id = "work";
  d.spec.schedule = schedule::fixed_delay(5ms);
  d.spec.mode = running_mode::custom;
  d.spec.pool_check_period = 5ms;
  d.code = std::make_shared<gated>(l);
  return d;
}

/// Calls `f` on a thread of its own and knows whether it has returned.
class call {
public:
  explicit call(std::function<expected<void>()> f)
    : thread_([this, f = std::move(f)] {
        result_ = f();
        returned_ = true;
        the_bell().ring();
      }) {}
  ~call() { thread_.join(); }
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  bool returned() const { return returned_; }
  const expected<void>& result() const { return result_; }

private:
  expected<void> result_;
  std::atomic<bool> returned_{false};
  std::thread thread_;
};

/// The kernel's numbers of the threads of this process. Of a joined thread it lets go a moment later.
std::set<std::string> threads() {
  std::set<std::string> numbers;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
    numbers.insert(entry.path().filename());
  }
  return numbers;
}

/// Runs `f` in a child; what it returned, -1 when it did not end in time.
int in_child(const std::function<int()>& f) {
  const auto child = fork();
  if (child == 0) {
    alarm(30);
    _exit(f());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

TEST_CASE("unregister_job and shutdown are answered when no code of the job runs and its object is gone") {
  const auto namesake = job_builder{"work"}.items({"a"}).every(1s).run([](job_context&) {});
  for (const auto* where : {"pool", "run", "cut"}) {
    for (const bool whole_node : {false, true}) {
      CAPTURE(where);
      CAPTURE(whole_node);
      life l;
      auto n = node::start(at_root("/endings/answer"), silent());
      REQUIRE(n);
      const std::map<std::string, std::pair<std::atomic<int>*, gate*>> places{
        {"pool", {&l.in_pool, &l.pool}}, {"run", {&l.in_run, &l.run}}, {"cut", {&l.in_cut, &l.cut}}};
      for (const auto& [place, what] : places) {
        if (place != where) {
          what.second->open();
        }
      }
      REQUIRE(n->register_job(gated_job(l)));
      const auto& in = *places.at(where).first;
      REQUIRE(eventually([&] { return in > 0; }));
      {
        call c{[&] { return whole_node ? n->shutdown() : n->unregister_job("work"); }};
        CHECK(eventually([&] {
          const auto st = n->status();
          return !st || (whole_node ? st->state == node_lifecycle::stopping
                                    : n->register_job(namesake).error().text.find("way out") != std::string::npos);
        }));
        CHECK_FALSE(c.returned());
        CHECK(l.in_code());
        l.open_all();
        CHECK(eventually([&] { return c.returned(); }));
        CHECK(c.result());
        CHECK_FALSE(l.in_code());
        CHECK(l.destroyed);
        CHECK(l.died_on.rfind("djm-", 0) == 0);
      }
    }
  }
}

TEST_CASE("code that is refused is destroyed where user code runs: its destructor holds up no actor") {
  life kept, some[8];
  auto n = node::start(at_root("/endings/refused"), silent());
  REQUIRE(n);
  kept.open_all();
  REQUIRE(n->register_job(gated_job(kept)));
  for (auto& refused : some) { // one right after the other: none takes another's place on its way out
    CHECK(n->register_job(gated_job(refused)).error().code == errc::duplicate_job);
  }
  for (auto& refused : some) {
    CHECK(eventually([&] { return refused.destroyed.load(); }));
    CHECK(refused.died_on.rfind("djm-", 0) == 0);
  }
  CHECK(n->shutdown());
}

TEST_CASE("code that does not come back is named after stop_timeout, by unregister_job and by shutdown") {
  for (const auto* where : {"pool", "run", "cut"}) {
    CAPTURE(where);
    life l;
    auto n = node::start(impatient("/endings/hangs"), silent());
    REQUIRE(n);
    const std::map<std::string, std::pair<std::atomic<int>*, gate*>> places{
      {"pool", {&l.in_pool, &l.pool}}, {"run", {&l.in_run, &l.run}}, {"cut", {&l.in_cut, &l.cut}}};
    for (const auto& [place, what] : places) {
      if (place != where) {
        what.second->open();
      }
    }
    REQUIRE(n->register_job(gated_job(l)));
    const auto& in = *places.at(where).first;
    REQUIRE(eventually([&] { return in > 0; }));
    const std::map<std::string, const char*> names{
      {"pool", "pool function"}, {"run", "with item \"a\""}, {"cut", "running strategy"}};
    const auto late = n->unregister_job("work");
    REQUIRE_FALSE(late);
    CHECK(late.error().code == errc::user_code_hangs);
    CHECK(mentions(late.error().text, {"\"work\"", "\"one\"", names.at(where)}));
    const auto end = n->shutdown();
    REQUIRE_FALSE(end);
    CHECK(end.error().code == errc::user_code_hangs);
    CHECK(mentions(end.error().text, {"\"work\"", "\"one\"", names.at(where)}));
    CHECK(n->wait_stopped());
    CHECK_FALSE(l.destroyed);
    l.open_all();
    CHECK(eventually([&] { return l.destroyed.load(); }));
  }
}

TEST_CASE("a job whose code has not come back keeps its name until it has") {
  life l;
  l.run.open();
  l.cut.open();
  auto n = node::start(impatient("/endings/name"), silent());
  REQUIRE(n);
  REQUIRE(n->register_job(gated_job(l)));
  REQUIRE(eventually([&] { return l.in_pool > 0; }));
  CHECK(n->unregister_job("work").error().code == errc::user_code_hangs);
  run_watch runs;
  CHECK(n->register_job(*watched("work", {"a"}, runs).build()).error().code == errc::duplicate_job);
  CHECK(n->trigger_here("work").error().code == errc::unknown_job);
  CHECK(n->status()->ready);
  l.pool.open();
  // Is waited for once more, unless it is over already.
  CHECK(eventually([&] {
    const auto again = n->unregister_job("work");
    return again || again.error().code == errc::unknown_job;
  }));
  CHECK(l.destroyed);
  CHECK(n->register_job(*watched("work", {"a"}, runs).build()));
}

TEST_CASE("a run cannot wait for its own end, nor two for each other, but ask for it") {
  run_watch runs;
  std::atomic<int> asked{0};
  std::atomic<node*> the_node{nullptr};
  std::mutex guard;
  std::map<std::string, std::vector<errc>> refused;
  auto n = node::start(at_root("/endings/itself"), silent());
  REQUIRE(n);
  the_node = &*n;
  const auto mutual = [&](const job_id& self, const job_id& other) {
    return job_builder(self).items({"a"}).every(50s).run([&, self, other](job_context&) {
      ++asked;
      the_bell().ring();
      if (!eventually([&] { return asked >= 2; })) { // both are in their runs
        return;
      }
      std::vector<errc> codes;
      for (const auto& e : {n->unregister_job(self), n->shutdown(), n->wait_stopped(), n->run_until_signal()}) {
        codes.push_back(e ? errc::none : e.error().code);
      }
      const auto cross = n->unregister_job(other);
      const std::lock_guard<std::mutex> lock{guard};
      refused[self] = codes;
      refused["cross"].push_back(cross ? errc::none : cross.error().code);
      the_bell().ring();
    });
  };
  REQUIRE(n->register_job(*mutual("x", "y").build()));
  REQUIRE(n->register_job(*mutual("y", "x").build()));
  CHECK(eventually([&] {
    const std::lock_guard<std::mutex> lock{guard};
    return refused["cross"].size() == 2;
  }));
  const std::vector<errc> all(4, errc::invalid_state);
  CHECK(refused["x"] == all);
  CHECK(refused["y"] == all);
  // The one that asked first waits for the other, which is refused and returns.
  CHECK(std::count(refused["cross"].begin(), refused["cross"].end(), errc::invalid_state) == 1);
  CHECK(std::count(refused["cross"].begin(), refused["cross"].end(), errc::none) == 1);
  auto last = job_builder("z").items({"a"}).every(50s).run([&](job_context&) {
    CHECK(n->begin_unregister("z"));
    CHECK(n->begin_unregister("none").error().code == errc::unknown_job);
    CHECK(n->begin_shutdown());
  });
  REQUIRE(n->register_job(*last.build()));
  CHECK(n->wait_stopped());
}

TEST_CASE("a run may ask its node everything else, with a single actor thread as well") {
  std::atomic<bool> over{false};
  auto o = silent();
  o.actor_threads = 1;
  auto n = node::start(at_root("/endings/asks"), std::move(o));
  REQUIRE(n);
  auto curious = job_builder("work").items({"a"}).every(50s).run([&](job_context&) {
    if (over) {
      return; // what it has triggered itself, perhaps while the node ends
    }
    CHECK(n->status());
    CHECK(n->cluster());
    CHECK(n->job("work"));
    CHECK(n->trigger_here("work"));
    CHECK(n->reschedule("work", schedule::on_trigger()));
    CHECK(n->wait_ready(wide));
    CHECK(n->unregister_job("other").error().code == errc::unknown_job);
    over = true;
    the_bell().ring();
  });
  REQUIRE(n->register_job(*curious.build()));
  CHECK(eventually([&] { return over.load(); }));
}

TEST_CASE("when a node has ended no thread of djm is left") {
  const auto before = threads();
  run_watch runs;
  auto n = node::start(at_root("/endings/threads"), silent());
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", numbered("i", 8), runs).thread_per_item().build()));
  REQUIRE(eventually([&] { return runs.runs() > 20; }));
  REQUIRE(n->shutdown());
  CHECK(eventually([&] {
    const auto now = threads();
    return std::includes(before.begin(), before.end(), now.begin(), now.end()); // those of earlier tests may go
  }));
}

TEST_CASE("in a forked child a node is refused at once, the parent's and a new one, and its destructor does nothing") {
  run_watch runs;
  auto n = node::start(at_root("/endings/fork"), silent());
  REQUIRE(n);
  REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
  REQUIRE(n->wait_ready(wide));
  const int failed = in_child([&] {
    const auto refused = [](const auto& x) { return !x && x.error().code == errc::invalid_state; };
    const auto st = n->status();
    if (!refused(st) || !mentions(st.error().text, {"fork", std::to_string(getpid()).c_str()})) {
      return 1;
    }
    if (!refused(n->shutdown()) || !refused(n->wait_stopped()) || !refused(n->run_until_signal())) {
      return 2;
    }
    if (!refused(n->unregister_job("work")) || !refused(n->begin_shutdown()) || n->wait_ready(wide)) {
      return 3;
    }
    const auto another = node::start(at_root("/endings/fork_child"), silent());
    if (!refused(another) || !mentions(another.error().text, {"fork"})) {
      return 4;
    }
    { const auto gone = std::move(*n); }
    return 0;
  });
  CHECK(failed == 0);
  CHECK(n->wait_ready(wide)); // its items may have come since
  CHECK(n->shutdown());
}

TEST_CASE("a child that was forked after the last node had ended has nodes of its own") {
  {
    auto n = node::start(at_root("/endings/before"), silent());
    REQUIRE(n);
    REQUIRE(n->shutdown());
  }
  CHECK(in_child([] {
          auto n = node::start(at_root("/endings/after"), silent());
          return n && n->wait_ready(wide) && n->shutdown() ? 0 : 1;
        }) == 0);
}

TEST_CASE("tokens of the embedded store grow also over the end of its only node") {
  fencing_token highest = 0;
  for (int life_number = 0; life_number < 3; ++life_number) {
    std::atomic<fencing_token> token{0};
    auto n = node::start(at_root("/endings/tokens"), silent());
    REQUIRE(n);
    auto work = job_builder("work").items({"a"}).every(5ms).run([&](job_context& ctx) {
      token = ctx.token("a");
      the_bell().ring();
    });
    REQUIRE(n->register_job(*work.build()));
    REQUIRE(eventually([&] { return token != 0; }));
    CHECK(token > highest);
    highest = token;
  }
}
