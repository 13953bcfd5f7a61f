// Names of nodes that another process may have created: locks, candidates, paths. Input: the text itself.
#include <string>
#include <vector>

#include "actors/election/election_core.hpp"
#include "djm/ids.hpp"
#include "test/fuzz/fuzz.hpp"
#include "zkstore/tree_schema.hpp"

namespace {

using namespace djm;
using fuzz::require;

/// The rule for ids, said once more in the plainest way.
bool id_by_rule(std::string_view x) {
  static constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !x.empty() && x.size() <= 120 && x != "." && x != ".." &&
         x.find_first_not_of(allowed) == std::string_view::npos;
}

/// What the rule for paths says of paths in plain ASCII.
bool ascii_path_by_rule(std::string_view x) {
  if (x.empty() || x.front() != '/') {
    return false;
  }
  if (x == "/") {
    return true;
  }
  for (std::size_t at = 1;;) {
    const auto end = x.find('/', at);
    const auto part = x.substr(at, end == std::string_view::npos ? end : end - at);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    for (char c : part) {
      if (c < 0x20 || c == 0x7f) {
        return false;
      }
    }
    if (end == std::string_view::npos) {
      return true;
    }
    at = end + 1;
  }
}

bool is_ascii(std::string_view x) {
  for (char c : x) {
    if (static_cast<unsigned char>(c) > 0x7f) {
      return false;
    }
  }
  return true;
}

/// Every path made of ids is one that the store accepts, and leads back to its last id.
void check_paths(const std::string& root, const std::string& id) {
  const store::tree_schema tree{root};
  const node_id node{id};
  const job_id job{id};
  const item_id item{id};
  const auto prefix = root == "/" ? root : root + "/";
  for (const auto& path :
       {tree.format(), tree.alive(), tree.latches(), tree.workers(), tree.marks(), tree.available(node),
        tree.assigned(node), tree.pools(), tree.locks(), tree.pool_version(), tree.worker_version(),
        tree.assignment_version(), tree.states(), tree.submissions(),
        tree.latch_prefix(node, "0a1b2c3d") + "0000000042", tree.lock(job, item), tree.slot_record({"j", item})}) {
    require(store::is_valid_path(path) && path.compare(0, prefix.size(), prefix) == 0, "a valid path below the root");
  }
  for (const auto& path :
       {tree.alive(node), tree.latch(id), tree.worker(node), tree.mark(node), tree.available("w", job),
        tree.assigned("w", job), tree.assigned("w", "j", item), tree.pool(job), tree.pool("j", item), tree.locks(job),
        tree.states(job), tree.state({"j", item}), tree.submission(job)}) {
    require(store::is_valid_path(path) && path.compare(0, prefix.size(), prefix) == 0, "a valid path below the root");
    require(store::name_of(path) == id, "that ends with the id");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const store::tree_schema tree{"/djm"};

  require(is_valid_id(text) == id_by_rule(text), "ids follow their rule");
  const auto checked = check_id(id_kind::item, text);
  require(checked.has_value() == is_valid_id(text), "check_id and is_valid_id agree");
  require(checked || checked.error().text.size() < 1000, "the complaint about an id is short");
  require(checked || fuzz::is_one_line(checked.error().text), "and one line");

  if (const auto item = store::item_of_lock_name(text)) {
    require(id_by_rule(*item), "an item read from a lock's name is an id");
    const auto lock = tree.lock("job", *item);
    require(store::name_of(lock) == text, "the lock of that item bears that name");
    require(store::is_valid_path(lock), "and has a valid path");
  }
  if (id_by_rule(text)) {
    check_paths("/djm", std::string{text});
    check_paths("/", std::string{text});
    const auto item = store::item_of_lock_name(store::name_of(tree.lock("job", item_id{text})));
    require(item && *item == text, "the name of an item's lock leads back to the item");
    const auto candidate = std::string{store::name_of(tree.latch_prefix(node_id{text}, "0a1b2c3d"))} + "0000000042";
    require(store::candidate_worker(candidate) == text, "a candidate's name leads back to the worker");
    require(store::sequence_of(candidate) == 42, "and to its sequence number");
  }
  if (const auto number = store::sequence_of(text)) {
    require(*number >= 0 && *number <= 9'999'999'999, "a sequence has ten digits");
  }
  if (const auto worker = store::candidate_worker(text); !worker.empty()) {
    require(id_by_rule(worker), "the worker of a candidate is an id");
    require(store::sequence_of(text).has_value(), "a candidate has a sequence");
    require(text.substr(0, worker.size()) == worker && text[worker.size()] == '-',
            "a candidate starts with its worker");
    require(text[text.size() - 11] == '-', "and has a dash in front of its sequence");
  }
  require(store::name_of(text).find('/') == std::string_view::npos, "a name has no slash");
  if (is_ascii(text)) {
    require(store::is_valid_path(text) == ascii_path_by_rule(text), "ASCII paths follow their rule");
  } else if (store::is_valid_path(text)) {
    require(text.front() == '/', "every path is absolute");
  }
  return 0;
}
