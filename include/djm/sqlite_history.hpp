#pragma once

#include <cstdint>
#include <string>

#include "djm/error.hpp"
#include "djm/history.hpp"
#include "djm/time.hpp"

/// The history of runs in a SQLite database, for questions that go back further than a node remembers. In a library of
/// its own (`djm::sqlite`), which needs SQLite; who does not link it has nothing of it.
namespace djm {

/// A database of runs. Whatever bound is met first, the oldest runs go.
struct sqlite_file {
  /// Where; made when it is missing. SQLite keeps two more files beside it while somebody writes ("-wal", "-shm").
  /// Nodes of one machine may share it; it must not lie on a network file system.
  std::string path;
  /// The most runs it keeps, 1,000 to 1,000,000,000.
  std::uint64_t max_runs = 1'000'000;
  /// The most bytes it takes, without its write-ahead log; 1 MiB to 1 TiB. Looked at every hundred runs, so it may be
  /// exceeded by what these take.
  std::uint64_t max_bytes = std::uint64_t{512} << 20;
  /// How long runs are kept, by the time at which they started; 1 minute to 100 years.
  any_duration max_age = std::chrono::hours{24 * 90};
};

/// Writes each run that is over: give it to a node as `node_options::on_run_over`. `invalid_config` for bounds outside
/// their ranges, `invalid_file` when the database cannot be opened, or is one of somebody else. What goes wrong later
/// is thrown by the sink, which tries again with the next run; the node says so once.
expected<history_sink> sqlite_sink(const sqlite_file& file);

/// The runs of a database that fit the question, the latest first; it may be written to meanwhile. `invalid_file`: it
/// cannot be read.
expected<run_history> read_sqlite(const std::string& path, const get_history& question);

} // namespace djm
