#include "djm/sqlite_history.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "djm/json.hpp"
#include "djm/text.hpp"
#include "history/database.hpp"

namespace djm {

namespace {

using history::database;
using history::database_error;
using history::statement;

/// "djm " as a number: whose database it is. Its user version is that of the tables.
constexpr std::int64_t application = 0x646a6d20;
constexpr std::int64_t layout = 1;
/// So many runs are written between two looks at the bounds.
constexpr std::uint64_t look_every = 100;

/// A run stands there whole, as JSON; beside it what questions ask for.
void make_tables(const database& db) {
  // Room that is given back is used again, and returned to the file system where much of it is free.
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA foreign_keys = ON");
  history::transaction t{db};
  const auto owner = db.number("PRAGMA application_id");
  const auto version = db.number("PRAGMA user_version");
  const bool fresh = db.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (!fresh && owner != application) {
    throw database_error("it is a database of somebody else");
  }
  if (!fresh && version != layout) {
    throw database_error("its tables have layout " + std::to_string(version) + ", this version of djm writes " +
                         std::to_string(layout));
  }
  if (fresh) {
    db.run("CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL, job TEXT NOT NULL, "
           "started_ms INTEGER NOT NULL, outcome TEXT NOT NULL, run TEXT NOT NULL)");
    db.run("CREATE INDEX runs_of_jobs ON runs (job, id)");
    db.run("CREATE INDEX runs_by_age ON runs (started_ms)");
    db.run("CREATE TABLE items (run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, item TEXT NOT NULL)");
    db.run("CREATE INDEX runs_of_items ON items (item, run)");
    db.run("CREATE INDEX items_of_runs ON items (run)");
    db.run("PRAGMA application_id = " + std::to_string(application));
    db.run("PRAGMA user_version = " + std::to_string(layout));
  }
  t.commit();
}

class run_writer {
public:
  explicit run_writer(sqlite_file settings) : settings_(std::move(settings)) { open(); }

  void write(const past_run& run) {
    try {
      if (!db_) {
        open();
      }
      insert(run);
    } catch (const database_error& e) {
      db_.reset(); // the file may have been moved away: the next run begins anew
      throw std::runtime_error("history in \"" + settings_.path + "\": " + e.what());
    }
  }

private:
  struct statements {
    statement run, item;
  };

  void open() {
    database db{settings_.path, database::mode::write};
    make_tables(db);
    statements_.emplace(
      statements{db.prepare("INSERT INTO runs (node, job, started_ms, outcome, run) VALUES (?, ?, ?, ?, ?)"),
                 db.prepare("INSERT INTO items (run, item) VALUES (?, ?)")});
    db_ = std::move(db);
    written_ = 0;
    keep_bounds();
  }

  void insert(const past_run& run) {
    history::transaction t{*db_};
    statements_->run.with(run.node.str(), run.job.str(), run.started_ms, to_string(run.outcome), to_json_text(run))
      .run();
    const auto id = db_->last_id();
    for (const auto& x : run.items) {
      statements_->item.with(id, x.id.str()).run();
    }
    t.commit();
    if (++written_ % look_every == 0) {
      keep_bounds();
    }
  }

  void keep_bounds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto oldest =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - duration{settings_.max_age}).count();
    db_->prepare("DELETE FROM runs WHERE started_ms < ?").with(std::int64_t{oldest}).run();
    // Ids grow, so the oldest runs have the lowest; counting all of them would read the whole table.
    const auto limit = static_cast<std::int64_t>(settings_.max_runs);
    db_->prepare("DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?").with(limit).run();
    while (bytes_in_use() > static_cast<std::int64_t>(settings_.max_bytes) && cut_tenth()) {
    }
    db_->run("PRAGMA incremental_vacuum");
  }

  std::int64_t bytes_in_use() const {
    const auto pages = db_->number("PRAGMA page_count") - db_->number("PRAGMA freelist_count");
    return pages * db_->number("PRAGMA page_size");
  }

  /// Takes the oldest tenth away. False: there is nothing to take.
  bool cut_tenth() {
    const auto first = db_->number("SELECT min(id) FROM runs");
    const auto last = db_->number("SELECT max(id) FROM runs");
    if (last == 0) {
      return false;
    }
    db_->prepare("DELETE FROM runs WHERE id <= ?").with(first + (last - first) / 10).run();
    return true;
  }

  sqlite_file settings_;
  std::optional<database> db_;
  std::optional<statements> statements_;
  std::uint64_t written_ = 0;
};

expected<void> check(const sqlite_file& f) {
  const auto complain = [](const char* key, const std::string& value, const char* rule) {
    return fail(errc::invalid_config, std::string{"sqlite_file."} + key + " is " + value + "; it must be " + rule);
  };
  if (f.path.empty() || f.path.find('\0') != std::string::npos) {
    return complain("path", "\"" + f.path.substr(0, f.path.find('\0')) + "\"", "the name of a file");
  }
  if (f.max_runs < 1000 || f.max_runs > 1'000'000'000) {
    return complain("max_runs", std::to_string(f.max_runs), "from 1000 to 1000000000");
  }
  if (f.max_bytes < (std::uint64_t{1} << 20) || f.max_bytes > (std::uint64_t{1} << 40)) {
    return complain("max_bytes", std::to_string(f.max_bytes), "from 1048576 (1 MiB) to 1099511627776 (1 TiB)");
  }
  if (f.max_age < std::chrono::minutes{1} || f.max_age > std::chrono::hours{24 * 36525}) {
    return complain("max_age", format_duration(f.max_age), "from 1min to 876600h (100 years)");
  }
  return {};
}

} // namespace

expected<history_sink> sqlite_sink(const sqlite_file& file) {
  if (auto ok = check(file); !ok) {
    return tl::make_unexpected(ok.error());
  }
  try {
    auto writer = std::make_shared<run_writer>(file);
    return history_sink{[writer](const past_run& run) { writer->write(run); }};
  } catch (const database_error& e) {
    return fail(errc::invalid_file, "sqlite_file \"" + file.path + "\": " + e.what());
  }
}

expected<run_history> read_sqlite(const std::string& path, const get_history& question) {
  constexpr std::uint32_t most = 10'000;
  if (question.limit < 1 || question.limit > most) {
    return fail(errc::invalid_config,
                "limit is " + std::to_string(question.limit) + "; it must be from 1 to " + std::to_string(most));
  }
  try {
    const database db{path, database::mode::read};
    if (db.number("PRAGMA application_id") != application) {
      return fail(errc::invalid_file, "\"" + path + "\" holds no history of djm");
    }
    // An empty text, and nothing at all, stand for "any".
    auto rows = db.prepare("SELECT run FROM runs WHERE (?1 = '' OR job = ?1) AND (?2 = '' OR outcome = ?2) AND "
                           "(?3 = '' OR id IN (SELECT run FROM items WHERE item = ?3)) ORDER BY id DESC LIMIT ?4");
    rows.with(question.job.str(), question.outcome ? to_string(*question.outcome) : std::string{}, question.item.str(),
              std::int64_t{question.limit});
    run_history found;
    while (rows.step()) {
      auto run = from_json_text<past_run>(rows.text(0));
      if (!run) {
        return fail(errc::invalid_file, "\"" + path + "\": a run cannot be read: " + run.error().text);
      }
      found.runs.push_back(*std::move(run));
    }
    return found;
  } catch (const database_error& e) {
    return fail(errc::invalid_file, "\"" + path + "\": " + e.what());
  }
}

} // namespace djm
