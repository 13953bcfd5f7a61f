#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/job_spec.hpp"
#include "djm/time.hpp"
#include "zkstore/types.hpp"

/// What the data of each tree node says. Payloads are JSON objects with a version field "v"; unknown fields are ignored
/// on reading and preserved on writing (`encode(x, previous)`), malformed ones are an error that names the path.
namespace djm::store {

/// 1: jobs had no records. 2: they have.
constexpr std::int32_t format_version = 2;

/// Value of "v" in every payload. It grows only when an old reader would misunderstand; new fields do not change it.
constexpr std::int32_t payload_version = 1;

/// The largest D anyone may write: a day. The leader waits as long as a lock says, so this bounds what a foreign lock
/// can delay.
constexpr std::int64_t max_detach_ms = 86'400'000;

/// `format`: the layout of the tree.
struct format_payload {
  std::int32_t format = format_version;
};

/// `alive/<worker>`.
struct alive_payload {
  std::string incarnation;
  std::string host;
  std::int64_t pid = 0;
  std::int64_t started_at_ms = 0; ///< Unix time, for people
  std::string software_version;
  /// The layout of the tree that this node reads and writes.
  std::int32_t layout = 1;
  /// Where it is reached over HTTP; empty: nowhere.
  std::string http_url = {};
};

/// `workers/<worker>`.
struct worker_payload {
  std::string incarnation;
  std::int64_t detach_ms = 0;
  std::string zone;
  std::vector<std::string> labels;
  std::int64_t weight = 1000;
  std::map<std::string, std::int64_t> capacity;
  std::uint32_t max_items = 0;
  /// True after a gentle leave: the items may move at once.
  bool left = false;
  /// Version of this node that the first write of this incarnation replaced; -1: there was none. Whoever has read just
  /// that version knows that no other life was there in between.
  std::int64_t took_over = -1;
  /// The life before this one ended without leaving.
  bool after_crash = false;
  /// What nodes of one cluster have to agree on, by the key of their configuration, as text.
  std::map<std::string, std::string> shared = {};
  /// The kinds of which it makes jobs that are submitted, as "name@version".
  std::vector<std::string> kinds = {};
};

/// `marks/<worker>`: what an operator wants of a worker, whether it is there or not, until that is taken back.
struct mark_payload {
  bool draining = false;
  bool cordoned = false;
};

/// `workers/<worker>/assigned`.
struct assigned_payload {
  /// The incarnation the assignment is written for; a worker of another one ignores it.
  std::string incarnation;
  std::int64_t counter = 0;
};

/// `work-pool`.
struct pools_payload {
  bool all_disabled = false;
};

/// `work-pool/<job>`.
struct pool_payload {
  bool enabled = true;
  job_attributes attributes;
  /// Whose wish the pool is, and of which life.
  node_id last_writer;
  std::string writer_incarnation;
  /// Hash of the specification that it offered; empty: it did not say. A wish of one that does not rule counts for
  /// nothing: its node had not heard yet that another one does.
  std::string spec = {};
  /// When that wish was formed: zxid of the pool update before it. Of two wishes the one with the higher number is the
  /// later one, wherever and however often they are written.
  std::int64_t wish = 0;
  /// A node with another wish asks whether anybody still stands for this one, whose writer is gone.
  node_id challenger;
  /// The schedule that its writer followed, for people and for comparison; empty: it did not tell.
  std::string schedule;
  /// To be removed as soon as nobody offers the job; whoever offers it again takes that back.
  bool retired = false;
};

/// `locks/<job>/<item>.lock`.
struct lock_payload {
  node_id worker;
  std::string incarnation;
  std::int64_t detach_ms = 0;
  std::int64_t acquired_at_ms = 0; ///< Unix time, for people
};

/// `refusals/<worker>-<incarnation>-<number>`: items of one job that a life of a worker has given back and does not
/// want for a while. Made in the transaction that gives them back, and never set.
struct refusal_payload {
  node_id worker;
  std::string incarnation;
  job_id job;
  std::vector<item_id> items;
  /// How long from then, on the clock of whoever looks.
  std::int64_t for_ms = 1000;
  std::string why; ///< for people
};

/// `model`: what the leader has noted down of the cluster as a whole, so that the next one knows what has changed.
struct model_payload {
  /// Of the leader that wrote it.
  std::int64_t epoch = 0;
  std::string job_model;
  std::string configuration;
  std::string deployment;
  std::vector<std::string> deployments; ///< for people
  std::int64_t changed_at_ms = 0;       ///< Unix time, for people
};

/// `work-pool-version`, `worker-version`, `worker-assignment-version`: who bumped it last.
struct version_payload {
  std::string transaction;
};

/// A node that a session holds. One of the same name that is not ephemeral (a backup that was restored, a tool) says
/// nothing of anybody's life.
inline bool held_by_session(const read_result& r) {
  return r.code == rc::ok && r.stat.ephemeral_owner != 0;
}

/// JSON text. With `previous`, fields of it that this version does not know are kept; a `previous` that is no payload
/// is ignored. Bytes that are not UTF-8 become U+FFFD.
template <class Payload>
std::string encode(const Payload& x, std::string_view previous = {});

/// Checks types, ranges and ids; never throws, whatever the bytes. Missing fields keep their defaults, except "v" and
/// those whose default breaks a rule (the incarnation of `alive`, `workers` and locks, the worker of a lock). The error
/// (`malformed_payload`) names `path` and what is wrong.
template <class Payload>
expected<Payload> decode(std::string_view text, std::string_view path);

bool operator==(const format_payload& a, const format_payload& b);
bool operator==(const alive_payload& a, const alive_payload& b);
bool operator==(const worker_payload& a, const worker_payload& b);
bool operator==(const mark_payload& a, const mark_payload& b);
bool operator==(const assigned_payload& a, const assigned_payload& b);
bool operator==(const pools_payload& a, const pools_payload& b);
bool operator==(const pool_payload& a, const pool_payload& b);
bool operator==(const lock_payload& a, const lock_payload& b);
bool operator==(const refusal_payload& a, const refusal_payload& b);
bool operator==(const model_payload& a, const model_payload& b);
bool operator==(const version_payload& a, const version_payload& b);

template <class V>
auto fields(V&& v, format_payload& x) {
  return v("format", field("format", x.format));
}
template <class V>
auto fields(V&& v, alive_payload& x) {
  return v("alive", field("incarnation", x.incarnation), field("host", x.host), field("pid", x.pid),
           field("started_at_ms", x.started_at_ms), field("software_version", x.software_version),
           field("layout", x.layout), field("http_url", x.http_url));
}
template <class V>
auto fields(V&& v, worker_payload& x) {
  return v("worker", field("incarnation", x.incarnation), field("detach_ms", x.detach_ms), field("zone", x.zone),
           field("labels", x.labels), field("weight", x.weight), field("capacity", x.capacity),
           field("max_items", x.max_items), field("left", x.left), field("took_over", x.took_over),
           field("after_crash", x.after_crash), field("shared", x.shared), field("kinds", x.kinds));
}
template <class V>
auto fields(V&& v, mark_payload& x) {
  return v("mark", field("draining", x.draining), field("cordoned", x.cordoned));
}
template <class V>
auto fields(V&& v, assigned_payload& x) {
  return v("assigned", field("incarnation", x.incarnation), field("counter", x.counter));
}
template <class V>
auto fields(V&& v, pools_payload& x) {
  return v("work_pool", field("all_disabled", x.all_disabled));
}
template <class V>
auto fields(V&& v, pool_payload& x) {
  return v("pool", field("enabled", x.enabled), field("attributes", x.attributes), field("last_writer", x.last_writer),
           field("writer_incarnation", x.writer_incarnation), field("spec", x.spec), field("wish", x.wish),
           field("challenger", x.challenger), field("schedule", x.schedule), field("retired", x.retired));
}
template <class V>
auto fields(V&& v, lock_payload& x) {
  return v("lock", field("worker", x.worker), field("incarnation", x.incarnation), field("detach_ms", x.detach_ms),
           field("acquired_at_ms", x.acquired_at_ms));
}
template <class V>
auto fields(V&& v, refusal_payload& x) {
  return v("refusal", field("worker", x.worker), field("incarnation", x.incarnation), field("job", x.job),
           field("items", x.items), field("for_ms", x.for_ms), field("why", x.why));
}
template <class V>
auto fields(V&& v, model_payload& x) {
  return v("model", field("epoch", x.epoch), field("job_model", x.job_model), field("configuration", x.configuration),
           field("deployment", x.deployment), field("deployments", x.deployments),
           field("changed_at_ms", x.changed_at_ms));
}
template <class V>
auto fields(V&& v, version_payload& x) {
  return v("version", field("transaction", x.transaction));
}

} // namespace djm::store
