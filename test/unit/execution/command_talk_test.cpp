#include "execution/command/command_talk.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace djm;
using exec::verdict;
using kind = exec::verdict::kind;

namespace {

const std::vector<work_item> one{{"a", 7}}, two{{"a", 7}, {"b", 8}};

std::string why(const std::string& line, const std::vector<work_item>& items = one) {
  const auto word = exec::read_word({line, false}, items);
  return word ? "fine" : word.error().text;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

exec::command_end ended(int code, bool signalled = false) {
  exec::command_end end;
  end.started = true;
  end.how = exec::exited{signalled, code};
  return end;
}

} // namespace

TEST_CASE("command talk: each word is read, with the only item where none is named") {
  auto w = exec::read_word({R"({"progress": {"done": 3, "total": 10, "text": "x"}})", false}, two);
  REQUIRE(w);
  CHECK(w->progress->done == 3);
  CHECK(w->progress->total == 10);
  w = exec::read_word({R"({"save": {"text": "state"}, "ready": true})", false}, one);
  REQUIRE(w);
  CHECK(*w->save->item == "a");
  CHECK(*w->save->text == "state");
  CHECK(*w->ready);
  w = exec::read_word({R"({"save": {"item": "b", "base64": "AAE="}})", false}, two);
  REQUIRE(w);
  CHECK(w->save->base64->data == std::vector<std::uint8_t>{0, 1});
  w = exec::read_word({R"({"fail": {"item": "b", "text": "torn", "permanent": true}})", false}, two);
  REQUIRE(w);
  CHECK(w->fail->permanent);
  CHECK(*w->fail->item == "b");
}

TEST_CASE("command talk: what makes no sense is refused with its reason") {
  CHECK(why("{}") == "fine");
  CHECK(holds(why("hello"), "is no JSON"));
  CHECK(holds(why(""), "is no JSON"));
  CHECK(holds(why("[1]"), "descriptor 3"));
  CHECK(holds(why(R"({"proggress": {}})"), "proggress"));
  CHECK(holds(why(R"({"ready": 1})"), "ready"));
  CHECK(holds(why(R"({"progress": {"done": -1}})"), "done"));
  CHECK(holds(why(R"({"save": {}})"), R"("text" or "base64")"));
  CHECK(holds(why(R"({"save": {"text": "x", "base64": "AAE="}})"), R"("text" or "base64")"));
  CHECK(holds(why(R"({"save": {"text": "x"}})", two), "names no item, and there are 2"));
  CHECK(holds(why(R"({"save": {"item": "c", "text": "x"}})", two), "\"c\", which is none of this run"));
  CHECK(holds(why(R"({"fail": {"text": "x"}})", two), "names no item"));
  const auto cut = exec::read_word({"{}", true}, one);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == errc::too_large);
}

TEST_CASE("command talk: exit codes mean what they are documented to mean") {
  CHECK(judge(ended(0), "p", "").what == kind::finished);
  CHECK(judge(ended(1), "p", "").what == kind::failed);
  CHECK(judge(ended(64), "p", "").what == kind::failed_for_good);
  CHECK(judge(ended(78), "p", "").what == kind::failed_for_good);
  CHECK(judge(ended(75), "p", "").what == kind::postponed);
  auto v = judge(ended(75, true), "p", "");
  CHECK(v.what == kind::failed);
  v = judge(ended(9, true), "p", "");
  CHECK(v.text == "killed by signal 9 (SIGKILL)");
  auto end = ended(3);
  end.rest.tail = "one\ntwo\x01\xff\n\n";
  CHECK(judge(end, "p", "").text == "exit code 3; its output ended with: one\ntwo??");
}

TEST_CASE("command talk: a service that ends too soon has failed, and one that had started begins its attempts anew") {
  using exec::judge_service;
  const auto of = [](kind k, std::chrono::seconds took) {
    return judge_service({k, "why"}, took, std::chrono::seconds{10});
  };
  CHECK(of(kind::finished, std::chrono::seconds{9}).what == kind::failed);
  CHECK(of(kind::finished, std::chrono::seconds{9}).text == "it ended after 9s; it has started after 10s (start_time)");
  CHECK(of(kind::finished, std::chrono::seconds{10}).what == kind::finished);
  CHECK(of(kind::failed, std::chrono::seconds{9}).what == kind::failed);
  CHECK(of(kind::failed, std::chrono::seconds{10}).what == kind::failed_for_good);
  CHECK(of(kind::failed, std::chrono::seconds{10}).text == "why");
  CHECK(of(kind::declined, std::chrono::seconds{1}).what == kind::declined);
  CHECK(of(kind::postponed, std::chrono::seconds{20}).what == kind::postponed);
}

TEST_CASE("command talk: what it said and was not possible makes a run that exits with 0 a failed one") {
  CHECK(judge(ended(0), "p", "the state was not saved").what == kind::failed);
  CHECK(judge(ended(75), "p", "the state was not saved").what == kind::failed);
  CHECK(judge(ended(64), "p", "the state was not saved").what == kind::failed_for_good);
}

TEST_CASE("command talk: a program that is not there is declined, other starts that went wrong have failed") {
  using exec::stage;
  const auto refused = [](stage at) {
    exec::command_end end;
    end.why_not = exec::refused{at, ENOENT};
    return judge(end, "/bin/x", "");
  };
  CHECK(refused(stage::program).what == kind::declined);
  CHECK(refused(stage::program).text == "cannot execute /bin/x: No such file or directory");
  CHECK(refused(stage::folder).what == kind::declined);
  for (const auto at : {stage::order, stage::lease, stage::containment, stage::setup}) {
    CHECK(refused(at).what == kind::failed);
  }
  exec::command_end lost;
  lost.helper_lost = true;
  CHECK(judge(lost, "p", "").what == kind::failed);
  auto late = ended(15, true);
  late.not_ready = true;
  CHECK(holds(judge(late, "p", "").text, "not ready in time"));
  CHECK(judge(exec::command_end{}, "p", "").what == kind::failed);
}

TEST_CASE("command talk: the end of an output is cut between characters") {
  CHECK(exec::readable("abcdef", 3) == "def");
  CHECK(exec::readable("a\xc3\xa4z", 2) == "z");
  CHECK(exec::readable("a\xc3\xa4z", 3) == "\xc3\xa4z");
  CHECK(exec::readable("a\tb\nc\n", 100) == "a\tb\nc");
  CHECK(exec::readable("", 3).empty());
}
