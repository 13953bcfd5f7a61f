#include "actors/env/log_queue.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What a sink refers to that may be left behind.
struct stalled_sink {
  counter entered, release, written;

  std::vector<std::string> lines() {
    std::lock_guard<std::mutex> guard{mutex_};
    return lines_;
  }

  log_sink sink(std::shared_ptr<stalled_sink> self) {
    return [self](const log_record& r) {
      self->entered.add();
      self->release.reaches(1);
      std::lock_guard<std::mutex> guard{self->mutex_};
      self->lines_.push_back(r.text);
      self->written.add();
    };
  }

private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

log_record line(std::string text) {
  return {log_level::info, "n1", "worker", std::move(text), {}, {}};
}

} // namespace

TEST_CASE("log: a sink that stands still blocks nobody; what it misses is counted and told") {
  auto s = std::make_shared<stalled_sink>();
  log_queue q{s->sink(s)};
  q.post(line("first"));
  REQUIRE(s->entered.reaches(1));
  for (std::size_t i = 0; i < log_backlog + 10; ++i) {
    q.post(line(std::to_string(i)));
  }
  CHECK(q.look().lines == log_backlog + 1);
  CHECK(q.look().dropped == 10);
  CHECK(q.look().waiting == log_backlog + 1);
  CHECK_FALSE(q.flush(milliseconds{20}));
  s->release.add();
  CHECK(q.flush(patience));
  q.post(line("last"));
  CHECK(q.flush(patience));
  CHECK(q.look().waiting == 0);
  REQUIRE(s->lines().size() == log_backlog + 3);
  CHECK(s->lines()[0] == "first");
  CHECK(s->lines()[log_backlog] == std::to_string(log_backlog - 1));
  CHECK(s->lines()[log_backlog + 1] == "10 lines dropped: the log did not take them in time");
  CHECK(s->lines()[log_backlog + 2] == "last");
}

TEST_CASE("log: long lines are bounded by their size, but one alone always passes") {
  auto s = std::make_shared<stalled_sink>();
  log_queue q{s->sink(s)};
  q.post(line("first"));
  REQUIRE(s->entered.reaches(1));
  for (int i = 0; i < 100; ++i) {
    q.post(line(std::string(100'000, 'x')));
  }
  CHECK(q.look().waiting <= 12);
  CHECK(q.look().dropped >= 89);
  s->release.add();
  CHECK(q.flush(patience));
  q.post(line(std::string(3'000'000, 'y')));
  CHECK(q.flush(patience));
  CHECK(s->lines().back().size() == 3'000'000);
}

TEST_CASE("log: the end hands over what waits, and leaves a sink behind that does not return") {
  auto quick = std::make_shared<stalled_sink>();
  quick->release.add();
  {
    log_queue q{quick->sink(quick)};
    for (int i = 0; i < 100; ++i) {
      q.post(line("x"));
    }
    q.stop(patience);
    q.post(line("late"));
  }
  CHECK(quick->lines().size() == 100);
  CHECK(quick.use_count() == 1);

  auto s = std::make_shared<stalled_sink>();
  {
    log_queue q{s->sink(s)};
    q.post(line("first"));
    q.post(line("second"));
    REQUIRE(s->entered.reaches(1));
    q.stop(milliseconds{10});
  }
  s->release.add();
  CHECK(no_thread_left());
  CHECK(s->lines().size() == 1);
  CHECK(s.use_count() == 1);
}
