#include "transaction_log.hpp"

#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace djm::test {

namespace {

using change_kind = store::node_change::kind;

enum txn_type : std::int32_t {
  create_type = 1,
  delete_type = 2,
  set_type = 5,
  multi_type = 14,
  create2_type = 15,
  create_session_type = -10,
  close_session_type = -11,
  error_type = -1,
};

/// Reads big-endian numbers and prefixed texts from the front of some bytes.
class cursor {
public:
  explicit cursor(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    std::uint64_t x = 0;
    for (unsigned char c : take(sizeof(T))) {
      x = x << 8 | c;
    }
    return static_cast<T>(x);
  }
  std::string_view text() {
    const auto length = number<std::int32_t>();
    return length <= 0 ? std::string_view{} : take(static_cast<std::size_t>(length));
  }
  std::string_view take(std::size_t n) {
    if (n > bytes_.size()) {
      throw std::out_of_range{"record ends early"};
    }
    auto front = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return front;
  }
  std::size_t left() const { return bytes_.size(); }

private:
  std::string_view bytes_;
};

store::node_change read_change(std::int32_t type, std::string_view body, store::session_id_t session) {
  cursor in{body};
  store::node_change c;
  c.path = in.text();
  if (type == delete_type) {
    c.what = change_kind::remove;
    return c;
  }
  c.data = in.text();
  if (type == set_type) {
    c.what = change_kind::set;
    c.version = in.number<std::int32_t>();
    return c;
  }
  for (auto n = in.number<std::int32_t>(); n > 0; --n) {
    in.number<std::int32_t>(); // permissions, scheme, id
    in.text();
    in.text();
  }
  c.ephemeral_owner = in.number<std::int8_t>() != 0 ? session : 0;
  return c;
}

bool changes_a_node(std::int32_t type) {
  return type == create_type || type == create2_type || type == delete_type || type == set_type;
}

logged_transaction read_record(std::string_view record) {
  cursor in{record};
  logged_transaction x;
  x.txn.session = in.number<std::int64_t>();
  in.number<std::int32_t>(); // the client's number of the request
  x.txn.zxid = in.number<std::int64_t>();
  x.wall_ms = in.number<std::int64_t>();
  const auto type = in.number<std::int32_t>();
  if (changes_a_node(type)) {
    x.txn.changes.push_back(read_change(type, in.take(in.left()), x.txn.session));
  } else if (type == multi_type) {
    for (auto n = in.number<std::int32_t>(); n > 0; --n) {
      const auto part = in.number<std::int32_t>();
      const auto body = in.text();
      if (part == error_type) {
        x.txn.changes.clear();
        break;
      }
      if (changes_a_node(part)) {
        x.txn.changes.push_back(read_change(part, body, x.txn.session));
      }
    }
  }
  x.txn.starts_session = type == create_session_type;
  x.txn.ends_session = type == close_session_type;
  return x;
}

void read_file(const std::filesystem::path& path, std::map<store::zxid_t, logged_transaction>& found) {
  std::ifstream file{path, std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  cursor in{bytes};
  if (bytes.size() < 16 || in.take(4) != "ZKLG" || in.number<std::int32_t>() != 2) {
    // A server that has just begun a file has written nothing of it yet.
    if (bytes.empty()) {
      return;
    }
    throw std::runtime_error(path.string() + ": not a transaction log");
  }
  in.number<std::int64_t>();
  // Behind the last record there are zeros, or a record that is being written.
  constexpr std::size_t overhead = 8 + 4 + 1;
  while (in.left() > overhead) {
    in.number<std::int64_t>(); // checksum
    const auto length = in.number<std::int32_t>();
    if (length <= 0 || static_cast<std::size_t>(length) + 1 > in.left()) {
      return;
    }
    const auto record = in.take(static_cast<std::size_t>(length));
    if (in.take(1) != "B") {
      return;
    }
    auto x = read_record(record);
    found.emplace(x.txn.zxid, std::move(x));
  }
}

} // namespace

std::map<store::zxid_t, logged_transaction>
read_transaction_logs(const std::vector<std::filesystem::path>& directories) {
  std::map<store::zxid_t, logged_transaction> found;
  std::map<store::zxid_t, std::size_t> servers;
  for (const auto& directory : directories) {
    std::map<store::zxid_t, logged_transaction> logged;
    for (const auto& entry : std::filesystem::directory_iterator{directory}) {
      if (entry.path().filename().string().rfind("log.", 0) == 0) {
        read_file(entry.path(), logged);
      }
    }
    for (const auto& [zxid, x] : logged) {
      ++servers[zxid];
    }
    found.merge(logged);
  }
  for (auto i = found.begin(); i != found.end();) {
    i = servers[i->first] * 2 > directories.size() ? std::next(i) : found.erase(i);
  }
  // What sessions leave behind goes with them.
  std::map<store::session_id_t, std::set<std::string>> ephemerals;
  std::map<std::string, store::session_id_t> owners;
  for (auto& [zxid, x] : found) {
    if (x.txn.ends_session) {
      for (const auto& path : ephemerals[x.txn.session]) {
        store::node_change c;
        c.what = change_kind::remove;
        c.path = path;
        x.txn.changes.push_back(std::move(c));
        owners.erase(path);
      }
      ephemerals.erase(x.txn.session);
      continue;
    }
    for (const auto& c : x.txn.changes) {
      if (c.what == change_kind::create && c.ephemeral_owner != 0) {
        ephemerals[c.ephemeral_owner].insert(c.path);
        owners[c.path] = c.ephemeral_owner;
      } else if (c.what == change_kind::remove) {
        if (auto o = owners.find(c.path); o != owners.end()) {
          ephemerals[o->second].erase(c.path);
          owners.erase(o);
        }
      }
    }
  }
  for (auto i = found.begin(); i != found.end();) {
    i = i->second.txn.changes.empty() ? found.erase(i) : std::next(i);
  }
  return found;
}

} // namespace djm::test
