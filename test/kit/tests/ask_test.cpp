#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "djm/test/spend.hpp"
#include "jobs.hpp"

/// Questions to the code of a job, on virtual time.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

std::string text_of(const bytes& x) {
  return {x.data.begin(), x.data.end()};
}

/// Counts what it has delivered, and says so.
class mailing final : public job {
public:
  std::vector<item_id> work_pool() override { return to_ids<item_id>({"eu", "us"}); }

  void run(job_context& ctx) override {
    ctx.for_each_item([this](const work_item& item) { ++delivered_[item.id]; });
  }

  expected<bytes> answer(ask_context& ctx) override {
    if (text_of(ctx.question()) != "delivered") {
      return fail(errc::invalid_state, "all that can be asked is: delivered");
    }
    return bytes_of(std::to_string(delivered_[ctx.item().id]));
  }

private:
  std::map<item_id, int> delivered_; // in a program with threads: under a mutex
};

job_definition mailing_every(duration period) {
  job_definition d;
  d.spec.id = "mail";
  d.spec.schedule = schedule::fixed_delay(period);
  d.code = std::make_shared<mailing>();
  return d;
}

/// When code was at work on an item, and under which token; one thread at a time in the whole cluster.
struct work_log {
  struct span {
    fencing_token token = 0;
    int from = 0;
    int to = -1; ///< it has not come to its end, and will not: its process is gone
  };
  std::vector<span> spans;
  int clock = 0;

  std::size_t begin(fencing_token token) {
    spans.push_back({token, ++clock, -1});
    return spans.size() - 1;
  }
  void end(std::size_t n) { spans[n].to = ++clock; }

  /// Pairs of different turns of which the second began before the first was over.
  int overlaps() const {
    int n = 0;
    for (const auto& first : spans) {
      for (const auto& second : spans) {
        n += first.token != second.token && first.from < second.from && first.to > second.from ? 1 : 0;
      }
    }
    return n;
  }
  /// A turn that goes on after a later one has begun.
  int stale() const {
    fencing_token highest = 0;
    int n = 0;
    for (const auto& s : spans) {
      n += s.token < highest ? 1 : 0;
      highest = std::max(highest, s.token);
    }
    return n;
  }
};

job_builder logged(const std::shared_ptr<work_log>& log, duration question) {
  return job_builder("mail")
    .items({"a"})
    .every(1s)
    .run([log](job_context& ctx) {
      const auto n = log->begin(ctx.token("a"));
      ctx.sleep(300ms);
      log->end(n);
    })
    .on_ask([log, question](ask_context& ctx) -> expected<bytes> {
      const auto n = log->begin(ctx.item().token);
      spend(question);
      log->end(n);
      return bytes_of(to_string(ctx.reason()));
    });
}

} // namespace

TEST_CASE("ask: the node that holds an item answers, and the others say that they do not hold it") {
  cluster c{2};
  c.register_job([](const node_id&) { return mailing_every(1s); });
  c.settle();
  c.advance(10s);
  const auto owner = c.owner("mail", "eu");
  const auto answer = c.node(owner).ask("mail", "eu", bytes_of("delivered"));
  REQUIRE(answer);
  CHECK(std::stoi(text_of(answer->answer)) >= 5);
  CHECK(answer->node == owner);
  const auto other = c.owner("mail", "us");
  REQUIRE(other != owner);
  CHECK(c.node(other).ask("mail", "eu", bytes_of("delivered")).error().code == errc::not_owner);
  CHECK(c.node(owner).ask("mail", "eu", bytes_of("weather")).error().code == errc::invalid_state);
}

TEST_CASE("ask: an answer in time is worth waiting for, one that is late is not") {
  auto log = std::make_shared<work_log>();
  cluster c{1};
  c.register_job(logged(log, 5s));
  c.settle();
  c.advance(5s);
  const auto before = c.now();
  CHECK(c.node("n0").ask("mail", "a", {}, 2s).error().code == errc::timed_out);
  CHECK(c.now() - before < 3s);
  c.advance(10s);
  const auto answer = c.node("n0").ask("mail", "a", {}, 6s);
  REQUIRE(answer);
  CHECK(text_of(answer->answer) == "none");
}

TEST_CASE("ask: while an item moves, no code is at work on it for two holders, and answers bear the holder's token") {
  auto log = std::make_shared<work_log>();
  cluster c{3};
  c.register_job(logged(log, 400ms));
  c.settle();
  c.advance(5s);
  int answered = 0, revoked = 0, elsewhere = 0;
  fencing_token last = 0;
  for (int i = 0; i < 24; ++i) {
    const auto from = c.owner("mail", "a");
    if (i % 3 == 0) {
      REQUIRE(c.node("n1").drain(from)); // the item is on its way while the question is
    }
    for (const auto& id : c.nodes()) {
      const auto answer = c.node(id).ask("mail", "a", {}, 30s);
      if (answer) {
        ++answered;
        revoked += text_of(answer->answer) == "revoked" ? 1 : 0;
        CHECK(answer->node == id);
        CHECK(answer->token >= last);
        last = answer->token;
      } else {
        elsewhere += answer.error().code == errc::not_owner ? 1 : 0;
      }
    }
    c.advance(1s);
    for (const auto& id : c.nodes()) {
      REQUIRE(c.node("n1").undrain(id));
    }
    c.advance(200ms);
  }
  CHECK(answered >= 20);
  CHECK(revoked > 0);
  CHECK(elsewhere > 0);
  CHECK(log->overlaps() == 0);
  CHECK(log->stale() == 0);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("ask: who has lost the store answers nothing after its lease") {
  auto log = std::make_shared<work_log>();
  cluster c{3};
  c.register_job(logged(log, 100ms));
  c.settle();
  c.advance(5s);
  const auto first = c.owner("mail", "a");
  const auto token = c.node(first).ask("mail", "a", {})->token;
  c.cut(first);
  REQUIRE(c.run_until([&] { return !c.holder("mail", "a").empty() && c.holder("mail", "a") != first; }, 5min));
  CHECK_FALSE(c.node(first).ask("mail", "a", {}));
  c.advance(5s);
  const auto answer = c.node(c.owner("mail", "a")).ask("mail", "a", {});
  REQUIRE(answer);
  CHECK(answer->token > token);
  CHECK(log->overlaps() == 0);
  CHECK(log->stale() == 0);
}

TEST_CASE("ask: a question that does not come back keeps its item from moving until it does") {
  auto log = std::make_shared<work_log>();
  cluster c{2};
  c.register_job(logged(log, 30s));
  c.settle();
  c.advance(5s);
  const auto first = c.owner("mail", "a");
  CHECK(c.node(first).ask("mail", "a", {}, 1s).error().code == errc::timed_out);
  REQUIRE(c.node(first).drain(first));
  c.advance(15s);
  CHECK(c.holder("mail", "a") == first);
  CHECK(c.owner("mail", "a") != first);
  c.advance(30s);
  CHECK(c.holder("mail", "a") == c.owner("mail", "a"));
  CHECK(log->overlaps() == 0);
  CHECK(log->stale() == 0);
}
