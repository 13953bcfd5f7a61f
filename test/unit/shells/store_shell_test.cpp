#include "actors/store/store_shell.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <caf/all.hpp>

using namespace djm;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

/// What the store does to its surroundings, in order. The actor writes, the test reads.
class diary {
public:
  void note(std::string what) {
    const std::lock_guard<std::mutex> lock{guard_};
    lines_.push_back(std::move(what));
  }
  strings lines() const {
    const std::lock_guard<std::mutex> lock{guard_};
    return lines_;
  }
  std::ptrdiff_t count(const std::string& what) const {
    const auto all = lines();
    return std::count(all.begin(), all.end(), what);
  }

private:
  mutable std::mutex guard_;
  strings lines_;
};

/// An ensemble that answers when the test says so.
class quiet_ensemble final : public store::session_factory {
public:
  explicit quiet_ensemble(diary& d) : diary_(d) {}

  expected<std::unique_ptr<store::session_port>> open(const store::session_options&, store::event_sink sink) override {
    diary_.note("open");
    const std::lock_guard<std::mutex> lock{guard_};
    sink_ = std::move(sink);
    return std::unique_ptr<store::session_port>{new port{diary_}};
  }
  void scout(const store::session_options&, std::function<void(store::raw_scouted)> done) override {
    diary_.note("scout");
    done({});
  }
  void say(store::link_state state) {
    store::event_sink sink;
    {
      const std::lock_guard<std::mutex> lock{guard_};
      sink = sink_;
    }
    sink(store::raw_link{state, 77, 10s});
  }

private:
  struct port final : store::session_port {
    explicit port(diary& written) : d(written) {}
    void submit(store::op_id_t, store::raw_request) override {}
    void close() override { d.note("close"); }
    diary& d;
  };
  diary& diary_;
  std::mutex guard_;
  store::event_sink sink_;
};

/// An executor in which one run may be going on; it starts nothing.
class busy_executor final : public executor {
public:
  explicit busy_executor(diary& d) : diary_(d) {}

  void set_busy(bool busy) {
    const std::lock_guard<std::mutex> lock{guard_};
    busy_ = busy;
  }
  void session_ends(std::uint64_t session, time_point at) override {
    diary_.note("session " + std::to_string(session) + " ends at " + format_duration(at.time_since_epoch()));
  }
  std::vector<running_info> running(const job_id&) const override {
    const std::lock_guard<std::mutex> lock{guard_};
    return busy_ ? std::vector<running_info>{{1, "mail", {{"a", 1}}, true}} : std::vector<running_info>{};
  }

  run_id next_run_id() override { return 1; }
  void start(run_order, done_fn) override {}
  void request_stop(run_id, stop_reason, std::vector<item_id>) override {}
  void tell_revoked(run_id, std::vector<item_id>) override {}
  void renew_lease(const run_lease&) override {}
  void call(std::function<void()>) override {}
  void call_user(std::string, std::function<void()>) override {}
  void adopt(const job_id&, done_fn) override {}
  executor_stats stats() const override { return {}; }

private:
  diary& diary_;
  mutable std::mutex guard_;
  bool busy_ = false;
};

/// Time passes, and timers go off, when the test says so.
class test_env final : public node_env {
public:
  explicit test_env(diary& d) : executor_(d), ensemble_(d) {}

  void pass(duration d) {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard<std::mutex> lock{guard_};
      now_ += d;
      for (auto i = timers_.begin(); i != timers_.end();) {
        if (i->second.first <= now_) {
          due.push_back(std::move(i->second.second));
          i = timers_.erase(i);
        } else {
          ++i;
        }
      }
    }
    for (auto& fire : due) {
      fire();
    }
  }

  time_point now() const override {
    const std::lock_guard<std::mutex> lock{guard_};
    return now_;
  }
  std::chrono::time_point<std::chrono::system_clock, duration> wall_now() const override { return {}; }
  std::uint64_t random() override { return 0; }
  timer_id arm(time_point at, std::function<void()> fire) override {
    const std::lock_guard<std::mutex> lock{guard_};
    timers_.emplace(++last_, std::make_pair(at, std::move(fire)));
    return last_;
  }
  void cancel(timer_id id) override {
    const std::lock_guard<std::mutex> lock{guard_};
    timers_.erase(id);
  }
  busy_executor& exec() override { return executor_; }
  quiet_ensemble& sessions() override { return ensemble_; }
  void log(log_record) override {}
  void close(std::function<void()> done) override { done(); }

private:
  mutable std::mutex guard_;
  time_point now_{};
  std::map<timer_id, std::pair<time_point, std::function<void()>>> timers_;
  timer_id last_ = 0;
  busy_executor executor_;
  quiet_ensemble ensemble_;
};

/// A store whose ninth session is the first that this actor opens.
struct rig {
  diary written;
  std::shared_ptr<test_env> env = std::make_shared<test_env>(written);
  caf::actor_system_config config;
  caf::actor_system system{config};
  cx::scoped_actor self{system};
  store_actor store;

  rig() {
    store_args args;
    args.env = env;
    args.number_base = 8;
    args.limits.scout_after = 5s;
    store = spawn_store(system, std::move(args));
    self->mail(msg::introduce{std::make_shared<const peers>()}).send(store);
    settle();
    say(store::link_state::connected);
  }
  ~rig() { caf::anon_send_exit(store, caf::exit_reason::user_shutdown); }

  /// Everything that was sent to the store before has been handled.
  store_status settle() {
    store_status status;
    self->mail(msg::get_part_status{})
      .request(store, caf::infinite)
      .receive([&](store_status& s) { status = std::move(s); }, [](caf::error& why) { FAIL(caf::to_string(why)); });
    return status;
  }
  void say(store::link_state state) {
    env->sessions().say(state);
    settle();
  }
  void pass(int seconds) {
    for (int n = 0; n < seconds; ++n) {
      env->pass(1s);
      settle();
    }
  }
};

} // namespace

TEST_CASE("store shell: the executor hears that a session ends before its handle is closed, not from the worker") {
  rig r;
  REQUIRE(r.settle().phase == session_phase::connected);
  r.env->pass(3s);
  r.self->mail(msg::close_session{}).send(r.store);
  r.settle();
  CHECK(r.written.lines() == strings{"open", "session 9 ends at 3s", "close"});
}

TEST_CASE("store shell: no scout looks for an older store while anything runs") {
  rig r;
  r.env->exec().set_busy(true);
  r.say(store::link_state::connecting);
  r.pass(60);
  REQUIRE(r.settle().phase == session_phase::suspended);
  CHECK(r.written.count("scout") == 0);
  // The turn of the next one comes all the same, each T.
  r.env->exec().set_busy(false);
  r.pass(30);
  CHECK(r.written.count("scout") == 3);
}

TEST_CASE(
  "store shell: a part that has read something older ends this life, when the lease is over and no run is left") {
  rig r;
  const auto tell = [&] { r.self->mail(msg::read_older{7, 9}).send(r.store); };
  r.self->mail(msg::start_probing{9, "/djm/alive/n"}).send(r.store);
  r.pass(1);
  tell();
  r.settle();
  r.pass(4); // D is 5 s: until then a run might start
  tell();
  CHECK(r.settle().phase == session_phase::connected);
  CHECK(r.written.lines() == strings{"open", "session 9 ends at 1s"});
  r.env->exec().set_busy(true);
  r.pass(30);
  tell();
  CHECK(r.settle().phase == session_phase::connected);
  r.env->exec().set_busy(false);
  tell();
  caf::error why;
  r.self->mail(msg::get_part_status{})
    .request(r.store, caf::infinite)
    .receive([](store_status&) { FAIL("it lives"); }, [&](caf::error& e) { why = std::move(e); });
  CHECK(why);
  CHECK(r.written.count("open") == 1);
}
