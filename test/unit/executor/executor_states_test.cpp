#include <doctest/doctest.h>

#include <atomic>
#include <mutex>

#include "djm/item_state.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What runs load and save, as far as the executor has to do with it: questions go out, answers come back.
namespace {

/// Keeps what is asked until the test answers.
class desk {
public:
  state_keeper keeper(duration how_long = seconds{30}) {
    return {[this](state_request r) {
              std::lock_guard<std::mutex> guard{mutex_};
              asked_.push_back(std::move(r));
              came_.add();
            },
            how_long};
  }
  state_request next(std::size_t n) {
    REQUIRE(came_.reaches(n));
    std::lock_guard<std::mutex> guard{mutex_};
    return asked_.at(n - 1);
  }
  void forget() {
    std::lock_guard<std::mutex> guard{mutex_};
    for (auto& r : asked_) {
      r.reply.reset();
    }
  }

private:
  std::mutex mutex_;
  std::vector<state_request> asked_;
  counter came_;
};

void run_one(thread_executor& e, const std::function<void(job_context&)>& f, counter& ended) {
  e.start(order(e.next_run_id(), f, "mail", {{"a", 7}, {"b", 8}}), [&ended](const run_result& r) {
    if (r.ended) {
      ended.add();
    }
  });
}

} // namespace

TEST_CASE("states: a run gets what its keeper answers, and names item and token") {
  desk d;
  counter ended;
  thread_executor e;
  e.keep_states(d.keeper());
  std::optional<bytes> got;
  bool saved = false;
  run_one(
    e,
    [&](job_context& ctx) {
      got = ctx.load("a").value();
      saved = ctx.save("b", bytes_of("new")).has_value();
    },
    ended);
  const auto load = d.next(1);
  CHECK(load.item == item_ref{"mail", "a"});
  CHECK(load.token == 7);
  CHECK_FALSE(load.save);
  load.reply->give(std::optional{bytes_of("old")});
  const auto save = d.next(2);
  CHECK(save.item == item_ref{"mail", "b"});
  CHECK(save.token == 8);
  CHECK(*save.save == bytes_of("new"));
  save.reply->give(std::optional<bytes>{});
  REQUIRE(ended.reaches(1));
  CHECK(*got == bytes_of("old"));
  CHECK(saved);
}

TEST_CASE("states: what is none of the run, was released or is too large is refused without asking anybody") {
  desk d;
  counter ended;
  thread_executor e;
  e.keep_states(d.keeper());
  std::vector<errc> codes;
  run_one(
    e,
    [&](job_context& ctx) {
      codes.push_back(ctx.load("c").error().code);
      ctx.release("a");
      codes.push_back(ctx.save("a", bytes_of("x")).error().code);
      codes.push_back(ctx.save("b", bytes{std::vector<std::uint8_t>(max_item_state + 1)}).error().code);
    },
    ended);
  REQUIRE(ended.reaches(1));
  CHECK(codes == std::vector<errc>{errc::not_owner, errc::not_owner, errc::too_large});
}

TEST_CASE("states: without a keeper a run hears at once that nobody is there") {
  counter ended;
  thread_executor e;
  std::vector<errc> codes;
  run_one(
    e,
    [&](job_context& ctx) {
      codes.push_back(ctx.load("a").error().code);
      codes.push_back(ctx.save("a", bytes_of("x")).error().code);
    },
    ended);
  REQUIRE(ended.reaches(1));
  CHECK(codes == std::vector<errc>{errc::not_connected, errc::not_connected});
}

TEST_CASE("states: a keeper that lets go of what it was asked lets the run go on, which may or may not have saved") {
  desk d;
  counter ended;
  thread_executor e;
  e.keep_states(d.keeper());
  std::vector<errc> codes;
  run_one(
    e,
    [&](job_context& ctx) {
      codes.push_back(ctx.save("a", bytes_of("x")).error().code);
      codes.push_back(ctx.load("a").error().code);
    },
    ended);
  (void) d.next(1);
  d.forget();
  (void) d.next(2);
  d.forget();
  REQUIRE(ended.reaches(1));
  CHECK(codes == std::vector<errc>{errc::unknown_outcome, errc::not_connected});
}

TEST_CASE("states: a keeper that never answers holds a run for a while only, and its late answer finds nobody") {
  desk d;
  counter ended;
  thread_executor e;
  e.keep_states(d.keeper(milliseconds{20}));
  std::vector<errc> codes;
  run_one(
    e,
    [&](job_context& ctx) {
      codes.push_back(ctx.save("a", bytes_of("x")).error().code);
      codes.push_back(ctx.load("a").error().code);
    },
    ended);
  REQUIRE(ended.reaches(1));
  CHECK(codes == std::vector<errc>{errc::unknown_outcome, errc::timed_out});
  d.next(1).reply->give(std::optional<bytes>{});
}

TEST_CASE("states: a run that waits for an answer does not hold up the end of the executor for longer than that") {
  desk d;
  counter ended;
  executor_leftovers left;
  {
    thread_executor e;
    e.keep_states(d.keeper());
    run_one(
      e, [&](job_context& ctx) { (void) ctx.load("a"); }, ended);
    (void) d.next(1);
    d.forget(); // its node stops its parts first
    left = e.shutdown(boot_now() + patience);
  }
  CHECK(left.empty());
}
