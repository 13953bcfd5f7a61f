#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "djm/ids.hpp"

/// Every path of the tree, built and parsed in one place (see zkstore/README.md for the tree itself).
namespace djm::store {

class tree_schema {
public:
  /// `root` is an absolute path without a trailing slash, or "/".
  explicit tree_schema(std::string root);

  const std::string& root() const noexcept { return root_; }

  std::string format() const;
  std::string alive() const;
  std::string alive(const node_id& worker) const;
  std::string latches() const;
  /// Prefix of a sequential candidate: `leader-latch/<worker>-<incarnation>-`.
  std::string latch_prefix(const node_id& worker, std::string_view incarnation) const;
  std::string latch(std::string_view name) const;
  std::string workers() const;
  std::string worker(const node_id& worker) const;
  std::string available(const node_id& worker) const;
  std::string available(const node_id& worker, const job_id& job) const;
  std::string assigned(const node_id& worker) const;
  std::string assigned(const node_id& worker, const job_id& job) const;
  std::string assigned(const node_id& worker, const job_id& job, const item_id& item) const;
  std::string marks() const;
  std::string mark(const node_id& worker) const;
  std::string pools() const;
  std::string pool(const job_id& job) const;
  std::string pool(const job_id& job, const item_id& item) const;
  std::string locks() const;
  std::string locks(const job_id& job) const;
  std::string lock(const job_id& job, const item_id& item) const;
  std::string lock(const item_ref& i) const { return lock(i.job, i.item); }
  std::string jobs() const;
  std::string job(const job_id& job) const;
  std::string job_config(const job_id& job) const;
  std::string jobs_version() const;
  std::string states() const;
  std::string states(const job_id& job) const;
  std::string state(const item_ref& i) const;
  /// What is remembered of its slots: beside its state, so that neither is written with the other without need.
  std::string slot_record(const item_ref& item) const;
  std::string refusals() const;
  std::string refusal(std::string_view name) const;
  /// Name of the `number`-th refusal of a life: `<worker>-<incarnation>-<number>`.
  static std::string refusal_name(const node_id& worker, std::string_view incarnation, std::uint64_t number);
  std::string model() const;
  std::string submissions() const;
  std::string submission(const job_id& job) const;
  std::string pool_version() const;
  std::string worker_version() const;
  std::string assignment_version() const;

private:
  std::string root_;
  std::string prefix_;
};

/// The item of a lock node's name, `<item>.lock`; nothing for a foreign name.
std::optional<item_id> item_of_lock_name(std::string_view name);
/// The same of a name below `states/<job>` that says what is remembered of its slots.
std::optional<item_id> item_of_slot_name(std::string_view name);

/// The ten digits at the end of a sequential node's name; nothing for a foreign name.
std::optional<std::int64_t> sequence_of(std::string_view name);

/// The worker in a candidate's name `<worker>-<incarnation>-<sequence>`; empty for a foreign name.
node_id candidate_worker(std::string_view name);

/// The number at the end of the name of a refusal of this life; nothing for that of anybody else.
std::optional<std::uint64_t> refusal_number(std::string_view name, const node_id& worker, std::string_view incarnation);

/// Last component of a path.
std::string_view name_of(std::string_view path);

/// Whether ZooKeeper would accept the path: absolute, no empty, "." or ".." component, no control character, UTF-8.
bool is_valid_path(std::string_view path) noexcept;

} // namespace djm::store
