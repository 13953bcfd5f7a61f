#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/time.hpp"

/// What the store speaks: ZooKeeper's data model without a ZooKeeper type.
namespace djm::store {

using zxid_t = std::int64_t;
using session_id_t = std::int64_t;

/// Matches every version in a check, set or remove.
constexpr std::int32_t any_version = -1;

/// What a server or client library answers to one operation, mapped once from the raw numbers.
enum class rc : std::uint8_t {
  ok,
  no_node,
  node_exists,
  bad_version,
  not_empty,
  no_children_for_ephemerals,
  no_auth,
  invalid_acl,
  bad_arguments,
  /// An operation of a failed multi after the one that failed.
  rolled_back,
  unimplemented,
  /// The connection broke or stayed silent: the operation may have been applied.
  connection_loss,
  operation_timeout,
  session_moved,
  /// The session is over.
  session_expired,
  auth_failed,
  /// The handle is closing or closed.
  closed,
  /// Anything else: a bug in djm or a server in trouble.
  system_error,
  /// A quota of the tree is full.
  quota_exceeded,
  /// The server is overloaded and has not looked at it.
  throttled,
};

/// The only distinctions anyone may base a decision on.
enum class rc_class : std::uint8_t { ok, expected, unknown, session_fatal, bug };

rc_class classify(rc code) noexcept;
std::string to_string(rc code);

struct stat {
  zxid_t czxid = 0;
  zxid_t mzxid = 0;
  zxid_t pzxid = 0;
  /// When it was written last, by the wall clock of the server that led then: Unix time in ms. What a node knows of the
  /// store's time comes from here; 0: it does not say.
  std::int64_t mtime_ms = 0;
  std::int32_t version = 0;
  std::int32_t cversion = 0;
  /// How often it was said anew who may do what with it; 0: it has been as it was made.
  std::int32_t aversion = 0;
  /// 0 unless the node is ephemeral.
  session_id_t ephemeral_owner = 0;
  std::int32_t data_length = 0;
  std::int32_t num_children = 0;
};
DJM_FIELDS(stat, czxid, mzxid, pzxid, mtime_ms, version, cversion, aversion, ephemeral_owner, data_length, num_children)

enum class create_mode : std::uint8_t { persistent, ephemeral, persistent_sequential, ephemeral_sequential };

/// Succeeds when the node exists and, unless `any_version`, has this version.
struct check_op {
  std::string path;
  std::int32_t version = any_version;
};
struct create_op {
  std::string path;
  std::string data;
  create_mode mode = create_mode::persistent;
  /// For everybody, whatever identity the session has.
  bool open = false;
};
struct set_op {
  std::string path;
  std::string data;
  std::int32_t version = any_version;
};
struct remove_op {
  std::string path;
  std::int32_t version = any_version;
};

/// Gives the node to the identity of the session, and to nobody else. Alone in its transaction: the server knows no
/// other way.
struct secure_op {
  std::string path;
};

using write_op = std::variant<check_op, create_op, set_op, remove_op, secure_op>;

/// All or nothing, one zxid.
struct transaction {
  std::vector<write_op> ops;
};
DJM_FIELDS(transaction, ops)

/// Result of one operation of a transaction. `path` is set for creates (sequence number included), `stat` for sets:
/// its mzxid is the zxid of the whole transaction. After a failure: ops before the failed one `ok`, the failed one its
/// code, later ones `rolled_back`.
struct op_result {
  rc code = rc::ok;
  std::string path;
  store::stat stat;
};
DJM_FIELDS(op_result, code, path, stat)

/// `access`: who may do what with the node.
enum class read_kind : std::uint8_t { get, exists, children, access };

struct read_op {
  read_kind kind = read_kind::get;
  std::string path;
  /// Leave a one-shot watch: `get` and `exists` watch the node (creation, change, deletion), `children` its list.
  bool watch = false;
};

struct read_result {
  rc code = rc::ok;
  std::string data;
  store::stat stat;
  /// Sorted.
  std::vector<std::string> children;
  /// False when a watch was asked for and the session's watch limit refused it.
  bool watched = false;
  /// For `access`: everybody may change the node, or what is below it.
  bool open = false;
  /// For `access`: who may do more than look, as a text to be compared. Two that are made by one identity for itself
  /// have the same.
  std::string writers{};
};
DJM_FIELDS(read_result, code, data, stat, children, watched, open, writers)

enum class watch_kind : std::uint8_t { created, deleted, changed, children };

struct watch_event {
  watch_kind kind = watch_kind::changed;
  std::string path;
};
DJM_FIELDS(watch_event, kind, path)

inline read_op get(std::string path, bool watch = false) {
  return {read_kind::get, std::move(path), watch};
}
inline read_op exists(std::string path, bool watch = false) {
  return {read_kind::exists, std::move(path), watch};
}
inline read_op access(std::string path) {
  return {read_kind::access, std::move(path), false};
}
inline read_op children(std::string path, bool watch = false) {
  return {read_kind::children, std::move(path), watch};
}

const std::string& path_of(const write_op& op);

/// Bytes the operation takes in a request packet, never less than the truth.
std::size_t wire_size(const write_op& op);
std::size_t wire_size(const transaction& txn);

// -- outcomes -----------------------------------------------------------------

/// Applied. `zxid` is known (not 0) when the transaction held a set.
struct committed {
  zxid_t zxid = 0;
  std::vector<op_result> results;
};
DJM_FIELDS(committed, zxid, results)

/// Not applied: operation `index` met `code`.
struct conflict {
  std::size_t index = 0;
  rc code = rc::ok;
};
DJM_FIELDS(conflict, index, code)

/// May have been applied: read again behind a barrier, then decide. Never treated as conflict or success.
struct unknown {};
DJM_FIELDS(unknown)

/// Not applied and never will be in this form: too large, bad path, no permission.
struct rejected {
  error why;
  /// It was too large for one packet: smaller ones may be taken.
  bool by_size = false;
};
/// The session is over; the transaction may have been applied before its end.
struct session_lost {};
DJM_FIELDS(session_lost)

using commit_outcome = std::variant<committed, conflict, unknown, rejected, session_lost>;

enum class read_status : std::uint8_t {
  ok,
  /// Could not be answered now (connection, deadline); ask again.
  failed,
  session_lost,
  /// A read of the batch broke a rule (bad path); `text` says which.
  rejected,
};

/// Answer to a batch of reads, in the order of the question; `results` is empty unless `status` is `ok`.
struct read_outcome {
  read_status status = read_status::ok;
  std::vector<read_result> results;
  std::string text;
};
DJM_FIELDS(read_outcome, status, results, text)

// -- names of enumerators -----------------------------------------------------

constexpr auto enum_names(rc) {
  return name_enum("rc", "ok", "no_node", "node_exists", "bad_version", "not_empty", "no_children_for_ephemerals",
                   "no_auth", "invalid_acl", "bad_arguments", "rolled_back", "unimplemented", "connection_loss",
                   "operation_timeout", "session_moved", "session_expired", "auth_failed", "closed", "system_error",
                   "quota_exceeded", "throttled");
}
constexpr auto enum_names(rc_class) {
  return name_enum("rc_class", "ok", "expected", "unknown", "session_fatal", "bug");
}
constexpr auto enum_names(create_mode) {
  return name_enum("create_mode", "persistent", "ephemeral", "persistent_sequential", "ephemeral_sequential");
}
constexpr auto enum_names(read_kind) {
  return name_enum("read_kind", "get", "exists", "children", "access");
}
constexpr auto enum_names(watch_kind) {
  return name_enum("watch_kind", "created", "deleted", "changed", "children");
}
constexpr auto enum_names(read_status) {
  return name_enum("read_status", "ok", "failed", "session_lost", "rejected");
}

// -- field lists --------------------------------------------------------------

template <class V>
auto fields(V&& v, check_op& x) {
  return v("check", field("path", x.path), field("version", x.version));
}
template <class V>
auto fields(V&& v, create_op& x) {
  return v("create", field("path", x.path), field("data", x.data), field("mode", x.mode), field("open", x.open));
}
template <class V>
auto fields(V&& v, set_op& x) {
  return v("set", field("path", x.path), field("data", x.data), field("version", x.version));
}
template <class V>
auto fields(V&& v, remove_op& x) {
  return v("remove", field("path", x.path), field("version", x.version));
}
template <class V>
auto fields(V&& v, secure_op& x) {
  return v("secure", field("path", x.path));
}
template <class V>
auto fields(V&& v, read_op& x) {
  return v("read", field("kind", x.kind), field("path", x.path), field("watch", x.watch));
}
template <class V>
auto fields(V&& v, rejected& x) {
  return v("rejected", field("code", x.why.code), field("text", x.why.text));
}

} // namespace djm::store
