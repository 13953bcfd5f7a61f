#include "actors/node/problem_book.hpp"

#include <doctest/doctest.h>

using namespace djm;

namespace {

problem trouble(const std::string& text, const std::string& about = "connection") {
  return {"keeper", {errc::not_connected, text}, about};
}

} // namespace

TEST_CASE("problems have a beginning, an end and a count") {
  problem_book book;
  CHECK(book.happened(trouble("not connected"), 100));
  CHECK_FALSE(book.happened(trouble("not connected"), 200)); // counted, and no news
  REQUIRE(book.status().size() == 1);
  CHECK(book.status()[0].component == "keeper");
  CHECK(book.status()[0].since_ms == 100);
  CHECK(book.status()[0].last_ms == 200);
  CHECK(book.status()[0].ended_ms == 0);
  CHECK(book.status()[0].count == 2);
  CHECK(book.happened(trouble("still not connected"), 250)); // says something else
  CHECK(book.over("keeper", "connection", 300));
  CHECK_FALSE(book.over("keeper", "connection", 400));
  REQUIRE(book.status().size() == 1);
  CHECK(book.status()[0].ended_ms == 300);
  CHECK(book.happened(trouble("not connected"), 500)); // a new one
  REQUIRE(book.status().size() == 2);
  CHECK(book.status()[0].since_ms == 500);
  CHECK(book.status()[0].count == 1);
}

TEST_CASE("what goes on is not pushed out by what repeats or is over") {
  problem_book book;
  book.happened(trouble("not connected"), 1);
  for (int i = 0; i < 1000; ++i) {
    book.happened({"store", {errc::not_connected, "no host resolves"}, "connect"}, 2 + i);
  }
  for (int i = 0; i < 100; ++i) {
    book.happened({"worker", {errc::internal, "failed " + std::to_string(i)}, {}}, 2000 + i);
  }
  const auto all = book.status();
  REQUIRE(all.size() == 22);
  CHECK(all[0].text == "not connected");
  CHECK(all[1].count == 1000);
  CHECK(all.back().text == "failed 99");
  CHECK(all.back().ended_ms == 2099);
}

TEST_CASE("the problems of a part that is rebuilt are over") {
  problem_book book;
  book.happened(trouble("a", "x"), 1);
  book.happened(trouble("b", "y"), 1);
  book.happened({"worker", {errc::internal, "c"}, "z"}, 1);
  CHECK(book.component_over("keeper", 5).size() == 2);
  const auto all = book.status();
  REQUIRE(all.size() == 3);
  CHECK(all[0].component == "worker");
  CHECK(all[1].ended_ms == 5);
  CHECK(all[2].ended_ms == 5);
}

TEST_CASE("what comes and goes has one line among those that are over") {
  problem_book book;
  book.happened({"worker", {errc::internal, "once"}, {}}, 1);
  for (int i = 0; i < 100; ++i) {
    book.happened(trouble("not connected"), 10 * i);
    book.over("keeper", "connection", 10 * i + 5);
  }
  const auto all = book.status();
  REQUIRE(all.size() == 2);
  CHECK(all[0].text == "once");
  CHECK(all[1].since_ms == 990);
}

TEST_CASE("the problems of a job that is gone are over") {
  problem_book book;
  book.happened({"job_runner", {errc::internal, "a"}, "pool function of job \"mail\""}, 1);
  book.happened({"node", {errc::internal, "b"}, "end of job \"mail\""}, 1);
  book.happened({"job_runner", {errc::internal, "c"}, "pool function of job \"e-mail\""}, 1);
  CHECK(book.job_over("mail", 5).size() == 2);
  CHECK(book.status()[0].text == "c");
}

TEST_CASE("the books of problems have a limit") {
  problem_book book;
  for (int i = 0; i < 1000; ++i) {
    book.happened(trouble("text", "about " + std::to_string(i)), i);
  }
  CHECK(book.status().size() <= 220);
}
