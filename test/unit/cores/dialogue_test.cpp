#include <doctest/doctest.h>

#include <csetjmp>
#include <csignal>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/dialogue/exchange.hpp"
#include "test/unit/cores/show.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// The shortest core that asks anything: it writes down what it is told.
struct asker {
  using effects = std::vector<std::variant<commit_effect, read_effect, emit_effect>>;
  enum class topic { reading, writing };
  enum class guard { latch, version };

  explicit asker(std::size_t most_reads = SIZE_MAX, request_numbers numbers = {})
    : store(open_problems{"test"}, backoff{100ms, 1s}, std::move(numbers), most_reads) {}

  static step at(duration since_start) { return {time_point{since_start}, 0, 0}; }

  std::uint64_t read(const read_batch& ask, std::function<std::string()> then = {}) {
    store.read(topic::reading, ask, true, out,
               [then](auto& self, step, auto&) { self.heard.push_back(then ? then() : "answers"); });
    return std::get<read_effect>(out.back()).request;
  }

  /// What the server says about the latest read that was sent: its paths, as data.
  store::read_outcome echo() const {
    store::read_outcome r;
    for (const auto& op : std::get<read_effect>(out.back()).reads) {
      r.results.emplace_back().data = op.path;
    }
    return r;
  }

  bool answer(std::uint64_t request, const store::read_outcome& r) {
    const auto q = store.answered(request, r, out);
    if (q && q->ok()) {
      q->then(*this, at(0s), out);
    }
    return q.has_value();
  }

  exchange<asker, topic, effects> store;
  effects out;
  std::vector<std::string> heard;
};

std::jmp_buf after_abort;

/// Whether an assertion fails in `f`.
template <class F>
bool asserts(F f) {
  const auto former = std::signal(SIGABRT, [](int) { std::longjmp(after_abort, 1); });
  const bool failed = setjmp(after_abort) != 0;
  if (!failed) {
    f();
  }
  std::signal(SIGABRT, former);
  return failed;
}

/// Answers to the next part, as a server gives them that has each path as data.
std::vector<store::read_result> echo(const std::vector<store::read_op>& part) {
  std::vector<store::read_result> results;
  for (const auto& op : part) {
    results.emplace_back().data = op.path;
  }
  return results;
}

} // namespace

TEST_CASE("read_batch: each answer is found by its slot, in whatever order they are looked at") {
  read_batch ask;
  const auto data = ask.get("/a", true);
  const auto list = ask.children("/b");
  const auto there = ask.exists("/c");
  CHECK(ask.size() == 3);
  CHECK(show(ask.next_part(9)) == "get! /a, children /b, exists /c");
  std::vector<store::read_result> results(3);
  results[0].data = "of a";
  results[1].children = {"x"};
  results[2].code = store::rc::no_node;
  CHECK(ask.take(results));
  CHECK(there->code == store::rc::no_node);
  CHECK(list->children.front() == "x");
  CHECK((*data).data == "of a");
}

TEST_CASE("read_batch: the answers about a list come with the elements they are about") {
  read_batch ask;
  const auto before = ask.get("/before");
  const auto items = ask.each(std::set<int>{7, 8}, [](int n) { return store::get("/" + std::to_string(n)); });
  const auto none = ask.each(std::vector<int>{}, [](int) { return store::get("/none"); });
  const auto after = ask.get("/after");
  CHECK(ask.take(echo(ask.next_part(9))));
  std::string text;
  for (const auto& [n, answer] : items) {
    text += std::to_string(n) + "=" + answer->data + " ";
  }
  for (const auto& [asked, answer] : ask) {
    CHECK(asked.path == answer.data);
  }
  CHECK(text == "7=/7 8=/8 ");
  CHECK(before->data == "/before");
  CHECK(after->data == "/after");
  CHECK(none.empty());
}

TEST_CASE("read_batch: a slot without an answer is refused, and answers that are not as many as the questions") {
  read_batch ask;
  const auto first = ask.get("/a");
  const auto second = ask.get("/b");
  CHECK(asserts([&] { (void) *first; }));
  CHECK(show(ask.next_part(1)) == "get /a");
  CHECK(!ask.take({}));
  CHECK(!ask.take(std::vector<store::read_result>(2)));
  CHECK(asserts([&] { (void) *first; }));
  CHECK(ask.take(std::vector<store::read_result>(1)));
  CHECK(first->code == store::rc::ok);
  CHECK(!ask.complete());
  CHECK(asserts([&] { (void) *second; }));
  CHECK(asserts([&] { (void) *read_slot{}; }));
}

TEST_CASE("txn_builder: the outcome names the guard that failed, or what the operation was about") {
  using guard = asker::guard;
  using label = std::variant<guard, std::string>;
  txn_builder<label> txn;
  txn.add(guard::latch, store::check_op{"/latch"});
  txn.add(guard::version, store::check_op{"/version", 3});
  txn.add(store::create_op{"/folder", {}});
  txn.add("item", store::remove_op{"/item"});
  txn.add("two much", store::remove_op{"/more"});
  txn.shrink(4);
  CHECK(txn.size() == 4);
  CHECK(show(txn.take_txn()) == "check /latch, check /version@3, create /folder, remove /item");
  const auto labels = txn.take_labels();
  const auto met = [&](std::size_t index) {
    const store::commit_outcome o = store::conflict{index, store::rc::no_node};
    const txn_outcome<label> x{labels, o};
    CHECK(x.conflict());
    CHECK(!x.committed());
    CHECK(x.failed(guard::latch, store::rc::no_node) == x.failed(guard::latch));
    CHECK(!x.failed(guard::latch, store::rc::bad_version));
    const auto* item = std::get_if<std::string>(x.failed());
    return std::string{x.failed(guard::latch) ? "latch" : x.failed(guard::version) ? "version" : item ? *item : "?"};
  };
  CHECK(met(0) == "latch");
  CHECK(met(1) == "version");
  CHECK(met(2) == "?");
  CHECK(met(3) == "item");
  CHECK(met(4) == "?"); // the store does not say so; nothing is read past the end
  CHECK(met(std::size_t{1} << 40) == "?");
}

TEST_CASE("txn_builder: the outcomes are told apart, and only a conflict has failed at something") {
  using guard = asker::guard;
  txn_builder<guard> txn;
  txn.add(guard::latch, store::check_op{"/latch"});
  const auto labels = txn.take_labels();
  const auto kind = [&](const store::commit_outcome& o) {
    const txn_outcome<guard> x{labels, o};
    CHECK(x.failed(guard::latch) == (x.conflict() != nullptr));
    return std::string{x.committed() ? "c" : ""} + (x.conflict() ? "x" : "") + (x.rejected() ? "r" : "");
  };
  CHECK(kind(store::committed{}) == "c");
  CHECK(kind(store::conflict{}) == "x");
  CHECK(kind(store::unknown{}) == "");
  CHECK(kind(store::rejected{}) == "r");
  CHECK(kind(store::session_lost{}) == "");
}

TEST_CASE("exchange: an answer reaches the question it belongs to, once") {
  asker a;
  read_batch one;
  const auto slot = one.get("/one");
  const auto first = a.read(one, [slot] { return slot->data; });
  const auto first_answer = a.echo();
  read_batch two;
  const auto other = two.get("/two");
  const auto second = a.read(two, [other] { return other->data; });
  CHECK(a.store.reads(asker::topic::reading));
  CHECK(!a.store.reads(asker::topic::writing));
  CHECK(a.store.knows(first));
  CHECK(a.answer(second, a.echo()));
  CHECK(a.answer(first, first_answer));
  CHECK(a.heard == std::vector<std::string>{"/two", "/one"});
  CHECK(!a.answer(first, first_answer));
  CHECK(a.store.idle());
}

TEST_CASE("exchange: an answer to a question that nobody asks any more is dropped") {
  asker a;
  read_batch ask;
  ask.get("/a");
  const auto request = a.read(ask);
  a.store.commit(asker::topic::writing, 1, store::transaction{}, a.out);
  const auto commit = std::get<commit_effect>(a.out.back()).request;
  CHECK(a.store.writes(asker::topic::writing));
  CHECK(a.store.writes());
  a.store.drop();
  CHECK(a.store.idle());
  CHECK(!a.answer(request, {}));
  CHECK(!a.store.answered(commit));
  CHECK(a.heard.empty());
}

TEST_CASE("exchange: nothing is answered before the last part of a question is") {
  asker a{1};
  read_batch ask;
  ask.get("/a");
  ask.get("/b");
  const auto first = a.read(ask);
  CHECK(!a.answer(first, a.echo()));
  CHECK(a.heard.empty());
}

TEST_CASE("exchange: a large question is asked in parts, of which the first alone is fresh, and answered as a whole") {
  asker a{2};
  read_batch ask;
  const auto all = ask.each(std::vector<int>{1, 2, 3, 4, 5}, [](int n) { return store::get("/" + std::to_string(n)); });
  auto request = a.read(ask, [all] {
    std::string text;
    for (const auto& [n, x] : all) {
      text += std::to_string(n) + x->data;
    }
    return text;
  });
  std::string sent;
  for (int parts = 1; parts <= 3; ++parts) {
    sent += show(std::get<read_effect>(a.out.back())) + " ";
    CHECK(a.heard.empty());
    CHECK(a.answer(request, a.echo()) == (parts == 3));
    request = std::get<read_effect>(a.out.back()).request;
  }
  CHECK(sent == "fresh[get /1, get /2] read[get /3, get /4] read[get /5] ");
  CHECK(a.heard == std::vector<std::string>{"1/12/23/34/45/5"});
}

TEST_CASE("exchange: a question that fails says so, with its topic and what was asked") {
  asker a;
  read_batch ask;
  ask.get("/a");
  auto request = a.read(ask);
  const auto failed = a.store.answered(request, {store::read_status::rejected, {}, "bad"}, a.out);
  REQUIRE(failed);
  CHECK(failed->topic == asker::topic::reading);
  CHECK(!failed->ok());
  CHECK(failed->status == store::read_status::rejected);
  CHECK(failed->text == "bad");
  CHECK(failed->asked.begin()->first.path == "/a");
  request = a.read(ask);
  const auto cut = a.store.answered(request, {store::read_status::ok, {}, {}}, a.out); // fewer answers than questions
  REQUIRE(cut);
  CHECK(cut->status == store::read_status::failed);
}

TEST_CASE("exchange: the outcome of a transaction is told in the names of whoever built it") {
  asker a;
  txn_builder<std::string> txn;
  txn.add(store::check_op{"/latch"});
  txn.add("item", store::remove_op{"/item"});
  a.store.commit(asker::topic::writing, 7, std::move(txn), a.out, [](asker& self, const auto& outcome, step, auto&) {
    self.heard.push_back(outcome.failed() ? *outcome.failed() : "?");
  });
  const auto sent = std::get<commit_effect>(a.out.back());
  CHECK(sent.session == 7);
  CHECK(show(sent.txn) == "check /latch, remove /item");
  const auto q = a.store.answered(sent.request);
  REQUIRE(q);
  CHECK(q->topic == asker::topic::writing);
  q->then(a, store::conflict{1, store::rc::no_node}, asker::at(0s), a.out);
  CHECK(a.heard == std::vector<std::string>{"item"});
}

TEST_CASE("exchange: two cores behind one actor never use the same number") {
  const request_numbers numbers;
  asker a{SIZE_MAX, numbers};
  asker b{SIZE_MAX, numbers};
  read_batch ask;
  ask.get("/a");
  CHECK(a.read(ask) == 1);
  CHECK(b.read(ask) == 2);
  CHECK(a.store.numbers().next() == 3);
  CHECK(!a.store.knows(2));
}

TEST_CASE("exchange: it tries again with back-off, and tells of what fails for long") {
  asker a;
  CHECK(!a.store.retry_at());
  CHECK(!a.store.on_wake(asker::at(0s)));
  a.store.retry(asker::at(1s));
  CHECK(a.store.retry_at() == time_point{1s + 50ms}); // chance 0: the lower end of the delay
  CHECK(!a.store.on_wake(asker::at(1s + 49ms)));
  CHECK(a.store.on_wake(asker::at(1s + 50ms)));
  CHECK(!a.store.retry_at());
  a.store.retry(asker::at(2s));
  CHECK(a.store.retry_at() == time_point{2s + 100ms});
  a.store.reset_backoff();
  a.store.retry(asker::at(3s));
  CHECK(a.store.retry_at() == time_point{3s + 50ms});
  a.store.retry_at(time_point{9s});
  CHECK(a.store.retry_at() == time_point{9s});
  a.store.retry_now();
  CHECK(!a.store.retry_at());
  a.out.clear();
  for (auto t = 10s; t <= 40s; t += 10s) {
    CHECK(a.out.empty());
    a.store.retry("reading", "no answer", asker::at(t), a.out);
    CHECK(a.store.retry_at() > time_point{t});
  }
  REQUIRE(a.out.size() == 1);
  CHECK(std::get<emit_effect>(a.out.back()).what.index() == event{problem{}}.index());
  a.store.works("reading", a.out);
  CHECK(a.out.size() == 2);
}

TEST_CASE("exchange: a complaint goes on until it is relieved") {
  asker a;
  a.store.complain("/a", {errc::malformed_payload, "odd"}, a.out);
  CHECK(a.store.problems().has("/a"));
  a.store.relieve("/a", a.out);
  a.store.relieve("/a", a.out);
  CHECK(a.out.size() == 2);
  CHECK(a.store.problems().empty());
}
