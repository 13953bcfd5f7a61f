#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "djm/test/cluster.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

std::uint64_t number_in(const bytes& state) {
  return std::stoull(std::string(state.data.begin(), state.data.end()));
}

/// What runs have counted, one number after the other, with the node that did.
struct count_book {
  std::map<item_id, std::vector<std::uint64_t>> counted;
  std::map<item_id, std::vector<errc>> refused;
};

/// Counts on from what is saved.
job_builder counting(count_book& book) {
  return job_builder("mail").items({"asia", "europe"}).every(1s).run([&book](job_context& ctx) {
    for (const auto& item : ctx.items()) {
      const auto saved = ctx.load(item.id); // what its last holder has saved, wherever that was
      if (!saved) {
        ctx.fail_item(item.id, to_string(saved.error()));
        continue;
      }
      const auto done = *saved ? number_in(**saved) : 0;
      if (auto ok = ctx.save(item.id, bytes_of(std::to_string(done + 1))); !ok) {
        ctx.fail_item(item.id, to_string(ok.error())); // an operator may have set another one
        continue;
      }
      book.counted[item.id].push_back(done + 1);
    }
  });
}

void check_gapless(const count_book& book) {
  for (const auto& [item, numbers] : book.counted) {
    const auto& logged = item.str();
    CAPTURE(logged);
    for (std::size_t n = 1; n < numbers.size(); ++n) {
      CHECK(numbers[n] == numbers[n - 1] + 1);
    }
  }
}

} // namespace

TEST_CASE("states: an item goes on where its last holder has stopped, although that has crashed") {
  count_book book;
  cluster c{3};
  c.register_job(counting(book));
  c.settle();
  c.advance(10s);
  const auto gone = c.owner("mail", "asia");
  const auto before = book.counted["asia"].size();
  CHECK(before > 3);
  c.crash(gone);
  c.advance(1min);
  CHECK(c.owner("mail", "asia") != gone);
  CHECK(book.counted["asia"].size() > before + 3);
  check_gapless(book);
}

TEST_CASE("states: what an operator sets is what the next run loads, and shows who has saved it") {
  count_book book;
  cluster c{2};
  c.register_job(counting(book));
  c.settle();
  c.advance(5s);
  const auto seen = c.node("n0").item_state("mail", "asia");
  REQUIRE(seen);
  CHECK(seen->saved_by == c.owner("mail", "asia"));
  CHECK(seen->token > 0);
  CHECK(number_in(*seen->state) == book.counted["asia"].back());
  const auto set = c.node("n1").set_item_state("mail", "asia", bytes_of("1000"));
  REQUIRE(set);
  CHECK(set->saved_by.empty());
  c.advance(5s);
  CHECK(book.counted["asia"].back() > 1000);
  CHECK(book.counted["europe"].back() < 1000);
  CHECK(c.node("n1").set_item_state("mail", "asia", bytes_of("7"), set->version).error().code == errc::conflict);
  CHECK(c.node("n1").set_item_state("none", "asia", bytes_of("7")).error().code == errc::unknown_job);
  CHECK(c.node("n1").set_item_state("mail", "a/b", bytes_of("7")).error().code == errc::invalid_id);
}

TEST_CASE("states: a run that saves over an operator's state is refused until it has loaded it") {
  std::vector<std::string> heard;
  cluster c{1};
  c.register_job(job_builder("mail").items({"a"}).on_trigger_only().run([&](job_context& ctx) {
    const auto say = [&](const expected<void>& x) { heard.push_back(x ? "saved" : to_string(x.error().code)); };
    say(ctx.save("a", bytes_of("one")));
    ctx.sleep(10s);
    say(ctx.save("a", bytes_of("two")));
    say(ctx.save("a", bytes_of("two")));
    heard.push_back(std::to_string(ctx.load("a").value()->data.size()));
    say(ctx.save("a", bytes_of("three")));
  }));
  REQUIRE(c.node("n0").trigger_here("mail"));
  c.settle();
  c.advance(5s);
  REQUIRE(c.node("n0").set_item_state("mail", "a", bytes_of("theirs")));
  c.advance(20s);
  CHECK(heard == std::vector<std::string>{"saved", "conflict", "conflict", "6", "saved"});
}

TEST_CASE("states: while the store is away a save is refused in time, and nothing of it comes later") {
  std::vector<std::string> heard;
  cluster c{1};
  c.register_job(job_builder("mail").items({"a"}).on_trigger_only().run([&](job_context& ctx) {
    heard.push_back(ctx.save("a", bytes_of("one")) ? "saved" : "refused");
    ctx.sleep(5s);
    const auto late = ctx.save("a", bytes_of("two"));
    heard.push_back(late ? "saved" : to_string(late.error().code));
  }));
  REQUIRE(c.node("n0").trigger_here("mail"));
  c.settle();
  c.advance(1s);
  c.cut("n0");
  c.advance(20s);
  c.heal("n0");
  c.advance(1min);
  REQUIRE(heard.size() == 2);
  CHECK(heard.front() == "saved");
  // Where it was sent into a connection that is dead nobody can tell.
  CAPTURE(heard.back());
  CHECK((heard.back() == "not_connected" || heard.back() == "timed_out" || heard.back() == "unknown_outcome"));
  CHECK(*c.node("n0").item_state("mail", "a")->state == bytes_of("one"));
}
