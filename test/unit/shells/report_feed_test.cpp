#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "actors/node/report_feed.hpp"

using namespace djm;
using std::chrono::hours;

namespace {

/// Waits in each call until the test lets it go on.
class stepped final : public metrics_reporter {
public:
  void start(const node_id& node) override { step("start " + node); }
  void report(const node_status& s) override { step("report " + std::to_string(s.restarts)); }
  void stop() override { step("stop"); }

  void let(int calls) {
    std::lock_guard<std::mutex> lock{guard_};
    allowed_ += calls;
    changed_.notify_all();
  }
  /// Waits until so many have begun.
  std::string begun(std::size_t n) {
    std::unique_lock<std::mutex> lock{guard_};
    changed_.wait(lock, [&] { return calls_.size() >= n; });
    std::string all;
    for (const auto& c : calls_) {
      all += (all.empty() ? "" : ", ") + c;
    }
    return all;
  }

private:
  void step(std::string what) {
    std::unique_lock<std::mutex> lock{guard_};
    calls_.push_back(std::move(what));
    changed_.notify_all();
    changed_.wait(lock, [&] { return allowed_ > 0; });
    --allowed_;
  }

  std::mutex guard_;
  std::condition_variable changed_;
  std::vector<std::string> calls_;
  int allowed_ = 0;
};

node_status number(std::uint32_t n) {
  node_status s;
  s.restarts = n;
  return s;
}

} // namespace

TEST_CASE("reports: one after the other, left out while the reporter is busy, and the last one always") {
  auto r = std::make_shared<stepped>();
  report_feed feed{r, "one", [](const std::string&) {}};
  CHECK(r->begun(1) == "start one");
  CHECK_FALSE(feed.wait_started(duration::zero()));
  feed.push(number(1)); // it has not come back from its start
  CHECK(feed.look().skipped == 1);
  r->let(1);
  CHECK(feed.wait_started(hours{1}));
  feed.push(number(2));
  CHECK(r->begun(2) == "start one, report 2");
  feed.push(number(3));
  feed.finish(number(4));
  feed.finish(number(5)); // there is one end
  feed.push(number(6));
  r->let(1);
  CHECK(r->begun(3) == "start one, report 2, report 4");
  r->let(2);
  feed.end(hours{1});
  CHECK(r->begun(4) == "start one, report 2, report 4, stop");
  CHECK(feed.look().made == 2);
  CHECK(feed.look().skipped == 2);
  CHECK(r.use_count() == 1);
}

TEST_CASE("reports: a reporter that does not come back is left behind, and stopped when it does") {
  auto r = std::make_shared<stepped>();
  {
    report_feed feed{r, "one", [](const std::string&) {}};
    CHECK(r->begun(1) == "start one");
    feed.end(std::chrono::milliseconds{1});
  }
  r->let(2);
  CHECK(r->begun(2) == "start one, stop");
}
