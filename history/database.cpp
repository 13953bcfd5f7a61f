#include "history/database.hpp"

namespace djm::history {

namespace {

/// How long another process may keep the database to itself.
constexpr int patience_ms = 5000;

[[noreturn]] void complain(sqlite3* db, std::string_view what) {
  throw database_error(std::string{what} + ": " + (db == nullptr ? "no memory" : sqlite3_errmsg(db)));
}

} // namespace

statement::statement(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &made, nullptr) != SQLITE_OK) {
    complain(db, sql);
  }
  statement_ = {made, sqlite3_finalize};
}

bool statement::step() {
  const auto code = sqlite3_step(get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    const std::string why = sqlite3_errmsg(sqlite3_db_handle(get()));
    reset();
    throw database_error(std::string{sqlite3_sql(get())} + ": " + why);
  }
  return code == SQLITE_ROW;
}

std::string statement::text(int column) const {
  const auto* data = sqlite3_column_blob(get(), column);
  const auto size = sqlite3_column_bytes(get(), column);
  return data == nullptr ? std::string{} : std::string{static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void statement::reset() {
  sqlite3_reset(get()); // says again what went wrong the last time, which was told then
  sqlite3_clear_bindings(get());
}

void statement::bind(int place, std::int64_t value) {
  if (sqlite3_bind_int64(get(), place, value) != SQLITE_OK) {
    complain(sqlite3_db_handle(get()), sqlite3_sql(get()));
  }
}

void statement::bind(int place, const std::string& value) {
  if (sqlite3_bind_text64(get(), place, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK) {
    complain(sqlite3_db_handle(get()), sqlite3_sql(get()));
  }
}

database::database(const std::string& path, mode how) {
  sqlite3* made = nullptr;
  const int flags =
    (how == mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX;
  const auto code = sqlite3_open_v2(path.c_str(), &made, flags, nullptr);
  db_ = {made, sqlite3_close_v2};
  if (code != SQLITE_OK) {
    complain(made, "\"" + path + "\" cannot be opened");
  }
  sqlite3_busy_timeout(made, patience_ms);
}

std::int64_t database::number(std::string_view sql) const {
  auto s = prepare(sql);
  return s.step() ? s.number(0) : 0;
}

transaction::~transaction() {
  if (!done_) {
    try {
      db_.run("ROLLBACK");
    } catch (const database_error&) { // SQLite has taken it back itself
    }
  }
}

} // namespace djm::history
