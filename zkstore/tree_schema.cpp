#include "zkstore/tree_schema.hpp"

#include <initializer_list>

#include "model/paths.hpp"

namespace djm::store {

namespace {

constexpr std::string_view lock_suffix = ".lock";
/// No id contains it, so no item's state is taken for the slots of another.
constexpr std::string_view slot_suffix = "@slot";
constexpr std::size_t sequence_digits = 10;

std::string join(std::string_view first, std::initializer_list<std::string_view> rest) {
  auto size = first.size();
  for (auto part : rest) {
    size += part.size();
  }
  std::string result;
  result.reserve(size);
  result += first;
  for (auto part : rest) {
    result += part;
  }
  return result;
}

} // namespace

// The root "/" is kept as an empty prefix, so that every path below it has one slash.
tree_schema::tree_schema(std::string root) : root_(std::move(root)), prefix_(root_ == "/" ? "" : root_) {}

std::string tree_schema::format() const {
  return join(prefix_, {"/format"});
}
std::string tree_schema::alive() const {
  return join(prefix_, {"/alive"});
}
std::string tree_schema::alive(const node_id& worker) const {
  return join(prefix_, {"/alive/", worker});
}
std::string tree_schema::latches() const {
  return join(prefix_, {"/leader-latch"});
}

std::string tree_schema::latch_prefix(const node_id& worker, std::string_view incarnation) const {
  return join(prefix_, {"/leader-latch/", worker, "-", incarnation, "-"});
}

std::string tree_schema::latch(std::string_view name) const {
  return join(prefix_, {"/leader-latch/", name});
}
std::string tree_schema::workers() const {
  return join(prefix_, {"/workers"});
}
std::string tree_schema::worker(const node_id& worker) const {
  return join(prefix_, {"/workers/", worker});
}

std::string tree_schema::available(const node_id& worker) const {
  return join(prefix_, {"/workers/", worker, "/available"});
}

std::string tree_schema::available(const node_id& worker, const job_id& job) const {
  return join(prefix_, {"/workers/", worker, "/available/", job});
}

std::string tree_schema::assigned(const node_id& worker) const {
  return join(prefix_, {"/workers/", worker, "/assigned"});
}

std::string tree_schema::assigned(const node_id& worker, const job_id& job) const {
  return join(prefix_, {"/workers/", worker, "/assigned/", job});
}

std::string tree_schema::assigned(const node_id& worker, const job_id& job, const item_id& item) const {
  return join(prefix_, {"/workers/", worker, "/assigned/", job, "/", item});
}

std::string tree_schema::marks() const {
  return join(prefix_, {"/marks"});
}
std::string tree_schema::mark(const node_id& worker) const {
  return join(prefix_, {"/marks/", worker});
}

std::string tree_schema::pools() const {
  return join(prefix_, {"/work-pool"});
}
std::string tree_schema::pool(const job_id& job) const {
  return join(prefix_, {"/work-pool/", job});
}

std::string tree_schema::pool(const job_id& job, const item_id& item) const {
  return join(prefix_, {"/work-pool/", job, "/", item});
}

std::string tree_schema::locks() const {
  return join(prefix_, {"/locks"});
}
std::string tree_schema::locks(const job_id& job) const {
  return join(prefix_, {"/locks/", job});
}

std::string tree_schema::lock(const job_id& job, const item_id& item) const {
  return join(prefix_, {"/locks/", job, "/", item, lock_suffix});
}

std::string tree_schema::jobs() const {
  return join(prefix_, {"/jobs"});
}
std::string tree_schema::job(const job_id& job) const {
  return join(prefix_, {"/jobs/", job});
}

std::string tree_schema::job_config(const job_id& job) const {
  return join(prefix_, {"/jobs/", job, "/config"});
}

std::string tree_schema::jobs_version() const {
  return join(prefix_, {"/jobs-version"});
}

std::string tree_schema::states() const {
  return join(prefix_, {"/states"});
}
std::string tree_schema::states(const job_id& job) const {
  return join(prefix_, {"/states/", job});
}

std::string tree_schema::state(const item_ref& i) const {
  return join(prefix_, {"/states/", i.job, "/", i.item});
}

std::string tree_schema::slot_record(const item_ref& i) const {
  return join(prefix_, {"/states/", i.job, "/", i.item, slot_suffix});
}

std::string tree_schema::refusals() const {
  return join(prefix_, {"/refusals"});
}
std::string tree_schema::refusal(std::string_view name) const {
  return join(prefix_, {"/refusals/", name});
}

std::string tree_schema::refusal_name(const node_id& worker, std::string_view incarnation, std::uint64_t number) {
  return join(worker, {"-", incarnation, "-", std::to_string(number)});
}

std::string tree_schema::submissions() const {
  return join(prefix_, {"/submissions"});
}
std::string tree_schema::submission(const job_id& job) const {
  return join(prefix_, {"/submissions/", job});
}
std::string tree_schema::model() const {
  return join(prefix_, {"/model"});
}
std::string tree_schema::pool_version() const {
  return join(prefix_, {"/work-pool-version"});
}
std::string tree_schema::worker_version() const {
  return join(prefix_, {"/worker-version"});
}
std::string tree_schema::assignment_version() const {
  return join(prefix_, {"/worker-assignment-version"});
}

namespace {

std::optional<item_id> item_before(std::string_view suffix, std::string_view name) {
  if (name.size() <= suffix.size() || name.substr(name.size() - suffix.size()) != suffix) {
    return std::nullopt;
  }
  name.remove_suffix(suffix.size());
  return is_valid_id(name) ? std::optional{item_id{name}} : std::nullopt;
}

} // namespace

std::optional<item_id> item_of_lock_name(std::string_view name) {
  return item_before(lock_suffix, name);
}

std::optional<item_id> item_of_slot_name(std::string_view name) {
  return item_before(slot_suffix, name);
}

std::optional<std::int64_t> sequence_of(std::string_view name) {
  if (name.size() < sequence_digits) {
    return std::nullopt;
  }
  std::int64_t result = 0;
  for (char c : name.substr(name.size() - sequence_digits)) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    result = result * 10 + (c - '0');
  }
  return result;
}

node_id candidate_worker(std::string_view name) {
  if (!sequence_of(name) || name.size() <= sequence_digits + 1 || name[name.size() - sequence_digits - 1] != '-') {
    return {};
  }
  name.remove_suffix(sequence_digits + 1); // "-" and the sequence
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos || !is_valid_id(name.substr(0, dash))) {
    return {};
  }
  return node_id{name.substr(0, dash)};
}

std::optional<std::uint64_t> refusal_number(std::string_view name, const node_id& worker,
                                            std::string_view incarnation) {
  const auto begin = join(worker, {"-", incarnation, "-"});
  if (name.size() <= begin.size() || name.size() > begin.size() + 18 || name.substr(0, begin.size()) != begin) {
    return std::nullopt;
  }
  std::uint64_t result = 0;
  for (char c : name.substr(begin.size())) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    result = result * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return result;
}

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0: a bare name is its own name
}

bool is_valid_path(std::string_view path) noexcept {
  return impl::is_store_path(path);
}

} // namespace djm::store
