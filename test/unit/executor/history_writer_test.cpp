#include "actors/env/history_writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <utility>

#include "test/support/temp_dir.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

past_run numbered(run_id id) {
  past_run r;
  r.job = "j";
  r.run = id;
  return r;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in{path};
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

} // namespace

TEST_CASE("history writer: every sink gets every run in its order, and one that throws goes on") {
  std::vector<run_id> seen;
  std::vector<run_id> also;
  std::vector<std::string> complaints;
  {
    history_writer w{{[&](const past_run& r) { seen.push_back(r.run); },
                      [&](const past_run& r) {
                        also.push_back(r.run);
                        throw std::runtime_error("full");
                      }},
                     [&](const std::string& text) { complaints.push_back(text); }};
    for (run_id id = 1; id <= 100; ++id) {
      w.post(numbered(id));
    }
    w.stop(60s);
    CHECK(w.dropped() == 0);
    w.post(numbered(101));
    CHECK(w.dropped() == 1);
  }
  REQUIRE(seen.size() == 100);
  CHECK(seen.front() == 1);
  CHECK(seen.back() == 100);
  CHECK(also == seen);
  CHECK(complaints == std::vector<std::string>{"a sink of the history threw (said once): full"});
}

TEST_CASE("history writer: a sink that hangs delays nobody, and what it does not take is counted") {
  auto gate = std::make_shared<std::promise<void>>();
  auto opened = std::make_shared<std::shared_future<void>>(gate->get_future().share());
  auto begun = std::make_shared<std::promise<void>>();
  auto done = std::make_shared<std::promise<void>>();
  {
    history_writer w{{[opened, begun, done, first = true](const past_run&) mutable {
                       const bool one = std::exchange(first, false);
                       if (one) {
                         begun->set_value();
                       }
                       opened->wait();
                       if (one) {
                         done->set_value();
                       }
                     }},
                     {}};
    w.post(numbered(0));
    // A thread that has not come so far when it is stopped takes nothing any more.
    REQUIRE(begun->get_future().wait_for(60s) == std::future_status::ready);
    for (run_id id = 1; id < history_writer::most_waiting + 50; ++id) {
      w.post(numbered(id));
    }
    CHECK(w.dropped() >= 49); // one is with the sink
    w.stop(1ms);              // it is left behind
    CHECK(w.dropped() >= history_writer::most_waiting);
  }
  gate->set_value();
  CHECK(done->get_future().wait_for(60s) == std::future_status::ready);
}

TEST_CASE("history writer: lines of JSON, in files of bounded size") {
  const test::temp_dir dir;
  const auto path = (dir.path() / "runs.jsonl").string();
  auto sink = json_lines({path, 4096, 2});
  REQUIRE(sink);
  for (run_id id = 1; id <= 100; ++id) {
    auto r = numbered(id);
    r.error = std::string(100, 'x');
    (*sink)(r);
  }
  const auto latest = lines_of(path);
  REQUIRE_FALSE(latest.empty());
  CHECK(latest.back().find("\"run\":100") != std::string::npos);
  CHECK(latest.back().front() == '{');
  CHECK(std::filesystem::file_size(path) <= 4096);
  CHECK(std::filesystem::file_size(path + ".1") <= 4096);
  CHECK(std::filesystem::exists(path + ".2"));
  CHECK_FALSE(std::filesystem::exists(path + ".3"));

  auto again = json_lines({path, 4096, 2}); // after a restart it goes on at its end
  REQUIRE(again);
  const auto before = lines_of(path).size();
  (*again)(numbered(101));
  CHECK(lines_of(path).size() >= std::min<std::size_t>(before, 1));
  CHECK(lines_of(path).back().find("\"run\":101") != std::string::npos);
}

TEST_CASE("history writer: settings that make no sense are refused with value and rule") {
  const test::temp_dir dir;
  CHECK(json_lines({}).error().text == "history_file.path is empty; it must name a file");
  CHECK(json_lines({"x", 100, 1}).error().text == "history_file.max_bytes is 100; it must be at least 4096");
  CHECK(json_lines({"x", 4096, 5000}).error().text == "history_file.keep is 5000; it must be at most 1000");
  const auto nowhere = (dir.path() / "no" / "such").string();
  const auto missing = json_lines({nowhere, 4096, 1});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == errc::invalid_file);
  CHECK(missing.error().text.find(nowhere) != std::string::npos);
}
