#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "djm/time.hpp"
#include "zkstore/ensemble_port.hpp"

namespace djm::store {

/// The raw operations that a handle has been given and has not completed, with their deadlines and the window they
/// fill. An operation that was given up at its deadline stays here, marked, until its completion comes: it still fills
/// the window, so that a silent server is not fed for ever. Pure.
class op_table {
public:
  enum class purpose : std::uint8_t { commit, read, barrier, probe };

  struct entry {
    purpose what = purpose::commit;
    /// The commit or batch that it serves.
    std::uint64_t question = 0;
    /// Position of a read in its batch.
    std::size_t index = 0;
    std::size_t bytes = 0;
    /// Of a large transaction: the path of its largest operation.
    std::string largest;
    /// A read that reserved a watch: where.
    std::optional<std::string> watched_path;
    read_kind kind = read_kind::get;
    time_point sent{};
    /// Given up: nobody waits for the completion any more.
    bool abandoned = false;
  };

  op_table(std::size_t window_ops, std::size_t window_bytes) : window_ops_(window_ops), window_bytes_(window_bytes) {}

  /// Whether an operation of this size fits; one always fits into an empty window.
  bool has_room(std::size_t bytes) const noexcept;

  /// Takes a number for an operation that fills the window until `complete` and is given up at `deadline`.
  /// Deadlines must not decrease from call to call.
  op_id_t add(entry e, time_point deadline);

  /// A number for a probe: outside the window, without a deadline.
  op_id_t add_probe();

  /// Forgets the operation and gives it back; nothing for one that is not of this handle.
  std::optional<entry> complete(op_id_t id);

  /// The next operation whose deadline has come, marked as abandoned; nothing when there is none.
  std::optional<entry> take_overdue(time_point now);

  std::optional<time_point> next_deadline();

  /// Forgets all (a handle is gone).
  void clear();

  std::size_t ops() const noexcept { return ops_; }
  std::size_t bytes() const noexcept { return bytes_; }

private:
  void drop_settled_deadlines();

  std::size_t window_ops_;
  std::size_t window_bytes_;
  std::size_t ops_ = 0;
  std::size_t bytes_ = 0;
  /// Numbers are never used twice, over all handles.
  op_id_t last_id_ = 0;
  std::map<op_id_t, entry> entries_;
  std::deque<std::pair<time_point, op_id_t>> deadlines_;
};

} // namespace djm::store
