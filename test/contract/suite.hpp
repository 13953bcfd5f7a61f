#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "backend.hpp"
#include "store_driver.hpp"

/// What the cases of the suite share.
namespace djm::contract {

using namespace djm::store;

inline write_op check(std::string path, std::int32_t version = any_version) {
  return check_op{std::move(path), version};
}
inline write_op create(std::string path, std::string data = {}, create_mode mode = create_mode::persistent) {
  return create_op{std::move(path), std::move(data), mode};
}
inline write_op set(std::string path, std::string data, std::int32_t version = any_version) {
  return set_op{std::move(path), std::move(data), version};
}
inline write_op remove(std::string path, std::int32_t version = any_version) {
  return remove_op{std::move(path), version};
}

inline transaction txn(std::vector<write_op> ops) {
  return transaction{std::move(ops)};
}

/// A connected session and a fresh node to work below.
struct fixture {
  explicit fixture(session_limits limits = {})
    : store(the_backend()), root(store.fresh_root()), session(store.factory(), store.options(), std::move(limits)) {}

  std::string at(const std::string& name) const { return root + "/" + name; }

  /// Commits; anything but success fails the case.
  committed commit(std::vector<write_op> ops) { return session.must_commit(txn(std::move(ops))); }

  backend& store;
  std::string root;
  store_driver session;
};

/// The conflict that an outcome is; index 9999 when it is none.
inline conflict conflict_of(const commit_outcome& outcome) {
  INFO(to_text(outcome));
  const auto* c = std::get_if<conflict>(&outcome);
  CHECK(c != nullptr);
  return c ? *c : conflict{9999, rc::ok};
}

inline void check_conflict(const commit_outcome& outcome, std::size_t index, rc code) {
  const auto c = conflict_of(outcome);
  CHECK(c.index == index);
  CHECK(to_string(c.code) == to_string(code));
}

inline void check_rejected(const commit_outcome& outcome, errc code) {
  INFO(to_text(outcome));
  const auto* r = std::get_if<rejected>(&outcome);
  CHECK(r != nullptr);
  if (r) {
    CHECK(to_string(r->why.code) == to_string(code));
  }
}

} // namespace djm::contract
