#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "djm/error.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree_schema.hpp"

/// What the nodes of the tree say, taken together: how the answers of the store about one worker, one job or one
/// candidate are read. Whoever reads the tree reads it through these, so that an oddity means the same to all. Pure.
namespace djm::store {

/// What a name below `alive` or `leader-latch` stands for.
enum class presence : std::uint8_t {
  absent,
  /// A living session holds it.
  held,
  /// It is there without a session: a backup that was restored, a tool. It says nothing of anybody's life.
  impostor,
};
presence presence_of(const read_result& r);

/// A payload and what is wrong with it: never both, and neither when its node is not there.
template <class Payload>
struct reading {
  std::optional<Payload> value;
  std::optional<error> problem;
};
template <class Payload>
reading<Payload> read_payload(const read_result& r, const std::string& path) {
  if (r.code != rc::ok) {
    return {};
  }
  auto p = decode<Payload>(r.data, path);
  return p ? reading<Payload>{std::move(*p), {}} : reading<Payload>{{}, std::move(p.error())};
}

/// `workers/<w>` and what is below it, except the items.
struct worker_record {
  node_id id;
  /// `workers/<w>`: whether it is there, and its place in history.
  rc code = rc::no_node;
  store::stat stat;
  reading<worker_payload> registration;
  /// Marks that a version without `marks/<w>` has written into the registration: `marks/<w>` overrules them.
  mark_payload former_mark;
  std::vector<job_id> available;
  /// Whom `assigned` is written for; `assigned_code` is not `ok` when the node itself is missing.
  rc assigned_code = rc::no_node;
  reading<assigned_payload> assigned;
  /// Jobs with a folder below `assigned`.
  std::vector<job_id> folders;
};
/// The reads that a `worker_record` takes.
struct worker_reads {
  worker_reads(const tree_schema& tree, node_id id, read_batch& ask);
  worker_record take(const tree_schema& tree) const;

  node_id id;
  read_slot registration, available, assigned, folders;
};

/// `alive/<w>`.
struct alive_record {
  rc code = rc::no_node;
  presence shown = presence::absent;
  /// Only of one that a session holds.
  reading<alive_payload> life;
};
alive_record read_alive(const read_result& r, const std::string& path);

/// `work-pool/<j>` with its items.
struct job_record {
  job_id id;
  /// `ok` when both the pool and its list of items could be read.
  rc code = rc::no_node;
  reading<pool_payload> pool;
  std::vector<item_id> items;
  /// Both will tell of a change, if that was asked for.
  bool watched = false;
};
/// The reads that a `job_record` takes.
struct job_reads {
  job_reads(const tree_schema& tree, job_id id, bool watch, read_batch& ask);
  job_record take(const tree_schema& tree) const;
  /// Whether the pool has these items, sorted by name, and no others.
  bool has_items(const std::vector<item_id>& sorted) const;

  job_id id;
  read_slot pool, items;
};

} // namespace djm::store
