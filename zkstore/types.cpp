#include "zkstore/types.hpp"

namespace djm::store {

namespace {

// Frame header, multi header and padding of one operation, generously: the sum must never be below the truth.
constexpr std::size_t bytes_per_op = 128;
constexpr std::size_t bytes_per_packet = 64;

} // namespace

rc_class classify(rc code) noexcept {
  switch (code) {
  case rc::ok: return rc_class::ok;
  case rc::no_node:
  case rc::node_exists:
  case rc::bad_version:
  case rc::not_empty:
  case rc::no_children_for_ephemerals:
  case rc::rolled_back: return rc_class::expected;
  case rc::connection_loss:
  case rc::operation_timeout:
  case rc::session_moved:
  case rc::throttled:
  case rc::closed:
  case rc::system_error: return rc_class::unknown;
  case rc::session_expired:
  case rc::auth_failed: return rc_class::session_fatal;
  case rc::no_auth:
  case rc::invalid_acl:
  case rc::bad_arguments:
  case rc::quota_exceeded:
  case rc::unimplemented: return rc_class::bug;
  }
  return rc_class::unknown;
}

std::string to_string(rc code) {
  return enum_text(code);
}

const std::string& path_of(const write_op& op) {
  return std::visit([](const auto& x) -> const std::string& { return x.path; }, op);
}

std::size_t wire_size(const write_op& op) {
  std::size_t data = 0;
  if (auto* create = std::get_if<create_op>(&op)) {
    data = create->data.size();
  } else if (auto* set = std::get_if<set_op>(&op)) {
    data = set->data.size();
  }
  return bytes_per_op + path_of(op).size() + data;
}

std::size_t wire_size(const transaction& txn) {
  std::size_t sum = bytes_per_packet;
  for (const auto& op : txn.ops) {
    sum += wire_size(op);
  }
  return sum;
}

} // namespace djm::store
