#include "djm/sqlite_history.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "djm/node_options.hpp"
#include "history/database.hpp"
#include "test/support/temp_dir.hpp"

using namespace djm;
using namespace std::chrono_literals;
using djm::history::database;

namespace {

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

past_run ran(const job_id& job, std::vector<item_id> items, run_outcome outcome = run_outcome::finished) {
  past_run r;
  r.node = "n";
  r.job = job;
  r.run = 7;
  for (auto& item : items) {
    r.items.push_back({std::move(item), 42});
  }
  r.item_count = r.items.size();
  r.slot = 1'700'000'000'000;
  r.started_ms = now_ms();
  r.waited = 3us;
  r.took = 1234567891ns;
  r.outcome = outcome;
  r.error = outcome == run_outcome::failed ? "said \"no\" \xe2\x98\xba" : "";
  return r;
}

struct shelf {
  djm::test::temp_dir dir;
  sqlite_file file{dir.path() / "runs.db"};

  std::vector<past_run> ask(const get_history& question = {}) { return read_sqlite(file.path, question)->runs; }
  std::int64_t number(const char* sql) const { return database{file.path, database::mode::read}.number(sql); }
};

/// What the guide shows.
[[maybe_unused]] djm::node_options with_database() {
  djm::node_options options;
  options.on_run_over = djm::sqlite_sink({"/var/lib/mail/runs.db"}).value();
  return options;
}

} // namespace

TEST_CASE("sqlite: a run comes back as it was written, and questions find it by job, item and end") {
  shelf s;
  const auto sink = sqlite_sink(s.file);
  REQUIRE(sink);
  (*sink)(ran("mail", {"eu", "us"}));
  (*sink)(ran("mail", {"us"}, run_outcome::failed));
  (*sink)(ran("news", {"eu"}));
  const auto all = s.ask();
  REQUIRE(all.size() == 3);
  CHECK(all[0].job == "news"); // the latest first
  CHECK(all[1].error == "said \"no\" \xe2\x98\xba");
  CHECK(all[1].took == 1234567891ns);
  CHECK(all[2].slot == 1'700'000'000'000);
  CHECK(all[2].items.size() == 2);
  CHECK(all[2].items[0].token == 42);
  CHECK(s.ask({"mail", {}, {}, 100}).size() == 2);
  CHECK(s.ask({"mail", "eu", {}, 100}).size() == 1);
  CHECK(s.ask({{}, "eu", {}, 100}).size() == 2);
  CHECK(s.ask({{}, {}, run_outcome::failed, 100}).size() == 1);
  CHECK(s.ask({{}, {}, {}, 2}).size() == 2);
  CHECK(s.ask({"none", {}, {}, 2}).empty());
}

TEST_CASE("sqlite: it goes on after a restart, and two nodes may share it") {
  shelf s;
  (*sqlite_sink(s.file))(ran("mail", {"eu"}));
  const auto one = sqlite_sink(s.file), two = sqlite_sink(s.file);
  REQUIRE((one && two));
  const auto write = [](const history_sink& sink) {
    for (int i = 0; i < 200; ++i) {
      sink(ran("mail", {"eu"}));
    }
  };
  std::thread other{[&] { write(*two); }};
  write(*one);
  other.join();
  CHECK(s.number("SELECT count(*) FROM runs") == 401);
  CHECK(s.number("SELECT count(*) FROM items") == 401);
}

TEST_CASE("sqlite: the oldest runs go when there are too many, or when they are too old") {
  shelf s;
  s.file.max_runs = 1000;
  s.file.max_age = 1h;
  auto old = ran("mail", {"eu"});
  old.started_ms -= 2 * 3'600'000;
  const auto sink = sqlite_sink(s.file);
  REQUIRE(sink);
  (*sink)(old);
  for (int i = 0; i < 99; ++i) {
    (*sink)(ran("mail", {"us"}));
  }
  CHECK(s.ask({{}, "eu", {}, 10}).empty());
  CHECK(s.number("SELECT count(*) FROM items WHERE item = 'eu'") == 0); // nothing is left behind
  for (int i = 0; i < 1500; ++i) {
    (*sink)(ran("mail", {"us"}));
  }
  CHECK(s.number("SELECT count(*) FROM runs") <= 1100);
  CHECK(s.number("SELECT count(*) FROM runs") >= 1000);
}

TEST_CASE("sqlite: it does not grow beyond its bytes, and keeps what is newest") {
  shelf s;
  s.file.max_bytes = 1u << 20;
  const auto sink = sqlite_sink(s.file);
  REQUIRE(sink);
  auto large = ran("mail", {"eu"}, run_outcome::failed);
  large.error = std::string(4096, 'x');
  for (int i = 0; i < 1000; ++i) {
    large.run = static_cast<run_id>(i);
    (*sink)(large);
  }
  CHECK(s.ask({{}, {}, {}, 1})[0].run == 999);
  const auto kept = s.number("SELECT count(*) FROM runs");
  CHECK(kept > 100);
  CHECK(kept < 400);
  CHECK(s.number("PRAGMA page_count") * s.number("PRAGMA page_size") < 2 << 20);
}

TEST_CASE(
  "sqlite: bad settings, files that are none of ours, and ones that cannot be had are refused with their names") {
  shelf s;
  const auto refusal = [](const sqlite_file& f) {
    const auto sink = sqlite_sink(f);
    return sink ? std::string{} : to_string(sink.error());
  };
  CHECK(refusal({}).find("invalid_config: sqlite_file.path is \"\"") == 0);
  auto f = s.file;
  f.max_runs = 10;
  CHECK(refusal(f).find("sqlite_file.max_runs is 10; it must be from 1000") != std::string::npos);
  f = s.file;
  f.max_bytes = 1;
  CHECK(refusal(f).find("max_bytes is 1;") != std::string::npos);
  f = s.file;
  f.max_age = 1s;
  CHECK(refusal(f).find("max_age is 1s;") != std::string::npos);
  f.path = s.dir.path() / "nowhere/runs.db";
  f.max_age = 1h;
  CHECK(refusal(f).find("invalid_file: sqlite_file \"" + f.path) == 0);
  std::ofstream{s.file.path}
    << "no database, and long enough to be taken for a header of one ............................"
       "..........................................................";
  CHECK(refusal(s.file).find("invalid_file") == 0);
  CHECK(read_sqlite(s.file.path, {}).error().code == errc::invalid_file);
  std::filesystem::remove(s.file.path);
  CHECK(read_sqlite(s.file.path, {}).error().code == errc::invalid_file);
  {
    const database theirs{s.file.path, database::mode::write};
    theirs.run("CREATE TABLE runs (id INTEGER)");
  }
  CHECK(refusal(s.file).find("a database of somebody else") != std::string::npos);
  CHECK(read_sqlite(s.file.path, {}).error().text.find("no history of djm") != std::string::npos);
}

TEST_CASE("sqlite: a sink whose file is taken away says so, and begins anew") {
  shelf s;
  const auto sink = sqlite_sink(s.file);
  REQUIRE(sink);
  (*sink)(ran("mail", {"eu"}));
  {
    const database broken{s.file.path, database::mode::write};
    broken.run("DROP TABLE items");
  }
  CHECK_THROWS_WITH_AS((*sink)(ran("mail", {"eu"})), doctest::Contains(s.file.path.c_str()), std::runtime_error);
  for (const auto* more : {"", "-wal", "-shm"}) {
    std::filesystem::remove(s.file.path + more);
  }
  (*sink)(ran("mail", {"us"}));
  CHECK(s.ask().size() == 1);
}
