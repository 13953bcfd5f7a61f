#include "zkstore/zookeeper/pending_op.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/handle.hpp"
#include "zkstore/zookeeper/rc_map.hpp"

namespace djm::store {

namespace {

// Marks a result that the client has not written: on a lost connection it may leave them as they were.
constexpr int untold = INT_MIN;

// What a sequential create appends: ten digits, or a sign and ten, and the terminator.
constexpr std::size_t path_slack = 16;

// Containers and nodes with a time to live are left out on purpose: inside a multi they make the client abort.
int mode_flags(create_mode mode) {
  switch (mode) {
  case create_mode::ephemeral: return ZOO_EPHEMERAL;
  case create_mode::persistent_sequential: return ZOO_PERSISTENT_SEQUENTIAL;
  case create_mode::ephemeral_sequential: return ZOO_EPHEMERAL_SEQUENTIAL;
  case create_mode::persistent: break;
  }
  return ZOO_PERSISTENT;
}

pending_op& op_of(const void* data) {
  return *static_cast<pending_op*>(const_cast<void*>(data));
}

void on_multi(int code, const void* data) {
  auto& op = op_of(data);
  raw_completion done;
  done.id = op.id;
  done.code = map_rc(code);
  auto kind = classify(done.code);
  if (kind == rc_class::ok || kind == rc_class::expected || kind == rc_class::bug) {
    done.results = take_results(op);
  }
  op.owner->complete(op, std::move(done));
}

raw_completion read_completion(const pending_op& op, int code, const Stat* stat) {
  raw_completion done;
  done.id = op.id;
  done.code = map_rc(code);
  done.read.code = done.code;
  if (code == ZOK && stat != nullptr) {
    done.read.stat = to_stat(*stat);
  }
  // The client keeps a watch on an absent node for `exists` alone.
  done.read.watched = op.watch && (code == ZOK || (code == ZNONODE && op.kind == read_kind::exists));
  return done;
}

void on_data(int code, const char* value, int length, const Stat* stat, const void* data) {
  auto& op = op_of(data);
  auto done = read_completion(op, code, stat);
  if (code == ZOK && value != nullptr && length > 0) {
    done.read.data.assign(value, static_cast<std::size_t>(length));
  }
  op.owner->complete(op, std::move(done));
}

void on_stat(int code, const Stat* stat, const void* data) {
  auto& op = op_of(data);
  op.owner->complete(op, read_completion(op, code, stat));
}

void on_children(int code, const String_vector* names, const Stat* stat, const void* data) {
  auto& op = op_of(data);
  auto done = read_completion(op, code, stat);
  if (code == ZOK && names != nullptr && names->count > 0) {
    done.read.children.assign(names->data, names->data + names->count);
    std::sort(done.read.children.begin(), done.read.children.end());
  }
  op.owner->complete(op, std::move(done));
}

// Everybody may do more than look.
bool is_open(const ACL_vector& acl) {
  return std::any_of(acl.data, acl.data + acl.count, [](const ACL& x) {
    return (x.perms & ~ZOO_PERM_READ) != 0 && std::strcmp(x.id.scheme, "world") == 0;
  });
}

/// One entry an identity that may do more than look, in an order of its own: the server keeps that of whoever wrote it.
std::string writers_of(const ACL_vector& acl) {
  std::vector<std::string> all;
  for (const auto* x = acl.data; x != acl.data + acl.count; ++x) {
    if ((x->perms & ~ZOO_PERM_READ) != 0) {
      all.push_back(std::string{x->id.scheme} + ":" + x->id.id + ":" + std::to_string(x->perms));
    }
  }
  std::sort(all.begin(), all.end());
  std::string text;
  for (const auto& x : all) {
    text += x + "\n";
  }
  return text;
}

void on_access(int code, ACL_vector* acl, Stat* stat, const void* data) {
  auto& op = op_of(data);
  auto done = read_completion(op, code, stat);
  if (code == ZOK && acl != nullptr) {
    done.read.open = is_open(*acl);
    done.read.writers = writers_of(*acl);
  }
  op.owner->complete(op, std::move(done));
}

void on_secured(int code, const void* data) {
  auto& op = op_of(data);
  raw_completion done;
  done.id = op.id;
  done.code = map_rc(code);
  const auto kind = classify(done.code);
  if (kind == rc_class::ok || kind == rc_class::expected || kind == rc_class::bug) {
    done.results.emplace_back();
    done.results.back().code = done.code;
  }
  op.owner->complete(op, std::move(done));
}

// In a multi a path that the client refuses makes it free memory it does not own, so it must never see one; "/a\0b"
// would silently mean "/a".
bool has_path(const write_op& op) {
  if (auto* create = std::get_if<create_op>(&op)) {
    if (create->mode == create_mode::persistent_sequential || create->mode == create_mode::ephemeral_sequential) {
      return is_valid_path(create->path + "0");
    }
  }
  return is_valid_path(path_of(op));
}

} // namespace

stat to_stat(const Stat& raw) {
  stat result;
  result.czxid = raw.czxid;
  result.mzxid = raw.mzxid;
  result.pzxid = raw.pzxid;
  result.aversion = raw.aversion;
  result.mtime_ms = raw.mtime;
  result.version = raw.version;
  result.cversion = raw.cversion;
  result.ephemeral_owner = raw.ephemeralOwner;
  result.data_length = raw.dataLength;
  result.num_children = raw.numChildren;
  return result;
}

std::vector<op_result> take_results(pending_op& op) {
  std::vector<op_result> all;
  all.reserve(op.results.size());
  for (auto& raw : op.results) {
    if (raw.err == untold) {
      return {};
    }
    op_result result;
    result.code = map_op_rc(raw.err);
    if (raw.err == ZOK && raw.value != nullptr) {
      result.path = raw.value;
    }
    if (raw.err == ZOK && raw.stat != nullptr) {
      result.stat = to_stat(*raw.stat);
    }
    all.push_back(std::move(result));
  }
  return all;
}

int start_transaction(zhandle_t* zh, pending_op& op, const transaction& txn, const ACL_vector& acl) {
  if (!std::all_of(txn.ops.begin(), txn.ops.end(), has_path)) {
    return ZBADARGUMENTS;
  }
  if (txn.ops.size() == 1) {
    if (const auto* secure = std::get_if<secure_op>(&txn.ops.front())) {
      auto all = ZOO_CREATOR_ALL_ACL;
      return zoo_aset_acl(zh, secure->path.c_str(), any_version, &all, on_secured, &op);
    }
  }
  auto count = txn.ops.size();
  std::vector<zoo_op_t> raw(count);
  op.results.assign(count, zoo_op_result_t{untold, nullptr, 0, nullptr});
  op.paths.resize(count);
  op.stats.resize(count);
  bool refused = false;
  for (std::size_t i = 0; i < count; ++i) {
    std::visit(
      [&](const auto& x) {
        using type = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<type, check_op>) {
          zoo_check_op_init(&raw[i], x.path.c_str(), x.version);
        } else if constexpr (std::is_same_v<type, create_op>) {
          auto& buffer = op.paths[i];
          buffer.resize(x.path.size() + path_slack);
          zoo_create_op_init(&raw[i], x.path.c_str(), x.data.data(), static_cast<int>(x.data.size()),
                             x.open ? &ZOO_OPEN_ACL_UNSAFE : &acl, mode_flags(x.mode), buffer.data(),
                             static_cast<int>(buffer.size()));
        } else if constexpr (std::is_same_v<type, set_op>) {
          zoo_set_op_init(&raw[i], x.path.c_str(), x.data.data(), static_cast<int>(x.data.size()), x.version,
                          &op.stats[i]);
        } else if constexpr (std::is_same_v<type, remove_op>) {
          zoo_delete_op_init(&raw[i], x.path.c_str(), x.version);
        } else {
          refused = true;
        }
      },
      txn.ops[i]);
  }
  if (refused) {
    return ZBADARGUMENTS;
  }
  return zoo_amulti(zh, static_cast<int>(count), raw.data(), op.results.data(), on_multi, &op);
}

int start_read(zhandle_t* zh, pending_op& op, const read_op& read, watcher_fn watcher) {
  if (!is_valid_path(read.path)) {
    return ZBADARGUMENTS;
  }
  op.kind = read.kind;
  op.watch = read.watch;
  // The same function and context for all watches of a handle, so that the client fires each path once.
  auto watch = read.watch ? watcher : nullptr;
  void* context = op.owner;
  auto path = read.path.c_str();
  switch (read.kind) {
  case read_kind::get: return zoo_awget(zh, path, watch, context, on_data, &op);
  case read_kind::exists: return zoo_awexists(zh, path, watch, context, on_stat, &op);
  case read_kind::children: return zoo_awget_children2(zh, path, watch, context, on_children, &op);
  case read_kind::access: return zoo_aget_acl(zh, path, on_access, &op);
  }
  return ZBADARGUMENTS;
}

} // namespace djm::store
