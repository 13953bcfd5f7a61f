#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// As much of SQLite as the history needs. What goes wrong is a `database_error`.
namespace djm::history {

struct database_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class statement {
public:
  statement(sqlite3* db, std::string_view sql);

  /// Parameters in their order, from the first one on.
  template <class... Ts>
  statement& with(const Ts&... values) {
    reset();
    int place = 0;
    (bind(++place, values), ...);
    return *this;
  }
  /// The next row; false: there is none.
  bool step();
  /// For statements that give no rows.
  void run() {
    while (step()) {
    }
    reset();
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(get(), column); }
  std::string text(int column) const;

private:
  sqlite3_stmt* get() const { return statement_.get(); }
  void reset();
  void bind(int place, std::int64_t value);
  void bind(int place, const std::string& value);

  std::shared_ptr<sqlite3_stmt> statement_;
};

class database {
public:
  enum class mode { read, write };

  database(const std::string& path, mode how);

  statement prepare(std::string_view sql) const { return {db_.get(), sql}; }
  void run(std::string_view sql) const { prepare(sql).run(); }
  std::int64_t number(std::string_view sql) const;
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(db_.get()); }

private:
  std::shared_ptr<sqlite3> db_;
};

/// All or nothing: takes back what was not committed.
class transaction {
public:
  explicit transaction(const database& db) : db_(db) { db_.run("BEGIN IMMEDIATE"); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction();

  void commit() {
    db_.run("COMMIT");
    done_ = true;
  }

private:
  const database& db_;
  bool done_ = false;
};

} // namespace djm::history
