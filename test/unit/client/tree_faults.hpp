#pragma once

#include <functional>
#include <string>
#include <vector>

#include "djm/tree_finding.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

/// Everything that the doctor is to find, as something that can be put into a tree: one in memory, or one of a server.
namespace djm::test {

/// What a fault may do to a tree: make a node that stays, with what is missing above it, or set its data; and remove
/// one with all below it.
struct tree_hands {
  std::function<void(const std::string& path, const std::string& data)> put;
  std::function<void(const std::string& path)> erase;
};

struct tree_fault {
  finding_rule rule;
  /// Below the root.
  std::string path;
  /// Whether it is mended from outside while nodes are alive.
  bool mended;
  std::function<void(const tree_hands&, const std::string& root)> make;
};

inline std::string lock_text(const node_id& worker, const std::string& incarnation) {
  store::lock_payload p;
  p.worker = worker;
  p.incarnation = incarnation;
  p.detach_ms = 1000;
  return store::encode(p);
}

inline std::string worker_text(const std::string& incarnation) {
  store::worker_payload p;
  p.incarnation = incarnation;
  return store::encode(p);
}

inline std::string record_text(const job_id& job) {
  job_spec spec;
  spec.id = job;
  return store::encode(store::first_record(*store::to_offer(spec), nullptr));
}

/// The sound tree has the job "j" with the items "a" and "b", and the worker "n1", alive in life "i1", that owns "a".
inline std::vector<tree_fault> tree_faults() {
  using rule = finding_rule;
  const auto putting = [](const std::string& path, const std::string& data) {
    return [path, data](const tree_hands& h, const std::string& root) { h.put(root + "/" + path, data); };
  };
  const auto erasing = [](const std::string& path) {
    return [path](const tree_hands& h, const std::string& root) { h.erase(root + "/" + path); };
  };
  const auto fault = [&](rule r, const std::string& path, bool mended, const std::string& data) {
    return tree_fault{r, path, mended, putting(path, data)};
  };
  return {
    {rule::base_missing, "marks", false, erasing("marks")},
    {rule::version_missing, "worker-assignment-version", false, erasing("worker-assignment-version")},
    fault(rule::other_format, "format", false, R"({"v":1,"format":7})"),
    fault(rule::foreign_node, "notes", false, "hello"),
    fault(rule::foreign_node, "locks/j/a.txt", false, ""),
    fault(rule::foreign_node, "leader-latch/somebody", false, ""),
    fault(rule::foreign_node, "work-pool/j/a b", false, ""),
    fault(rule::malformed_data, "workers/n9", false, "nonsense"),
    fault(rule::malformed_data, "work-pool/k", false, R"({"v":"one"})"),
    fault(rule::malformed_data, "work-pool", false, "{"),
    fault(rule::malformed_data, "workers/n1/assigned", false, "[]"),
    fault(rule::malformed_data, "jobs/k9", false, R"({"v":1,"rev":"two"})"),
    {rule::malformed_data, "jobs/k8/config", false,
     [](const tree_hands& h, const std::string& root) {
       h.put(root + "/jobs/k8", record_text("k8"));
       h.put(root + "/jobs/k8/config", "[1]");
     }},
    fault(rule::malformed_data, "states/j/a", false, R"({"v":1,"seq":-1})"),
    fault(rule::orphaned_states, "states/past", false, ""),
    fault(rule::foreign_node, "states/j/a b", false, ""),
    fault(rule::malformed_lock, "locks/j/b.lock", true, "mine"),
    fault(rule::malformed_mark, "marks/n7", true, "drain it"),
    fault(rule::alive_without_session, "alive/n8", true, R"({"v":1,"incarnation":"x"})"),
    fault(rule::latch_without_session, "leader-latch/n8-x-0000000042", true, ""),
    {rule::orphaned_lock, "locks/j/b.lock", false,
     [](const tree_hands& h, const std::string& root) {
       h.put(root + "/workers/n6", worker_text("i6"));
       h.put(root + "/locks/j/b.lock", lock_text("n6", "i6"));
     }},
    fault(rule::foreign_lock, "locks/j/b.lock", false, lock_text("stranger", "x")),
    fault(rule::stray_lock, "locks/j/z.lock", false, lock_text("n1", "i1")),
    fault(rule::stray_assignment, "workers/n1/assigned/j/z", true, ""),
    {rule::assigned_twice, "workers/n6/assigned/j/a", false,
     [](const tree_hands& h, const std::string& root) {
       h.put(root + "/workers/n6", worker_text("i6"));
       h.put(root + "/workers/n6/assigned", store::encode(store::assigned_payload{"i6", 1}));
       h.put(root + "/workers/n6/assigned/j/a", "");
     }},
    fault(rule::malformed_data, "refusals/n1-i1-1", true, "never"),
    fault(rule::malformed_data, "model", false, "never"),
    fault(rule::orphaned_refusal, "refusals/n1-i0-1", true,
          store::encode(store::refusal_payload{"n1", "i0", "j", {"a"}, 1000, {}})),
    fault(rule::empty_lock_folder, "locks/past", true, ""),
    fault(rule::empty_assigned_folder, "workers/n1/assigned/past", true, ""),
    fault(rule::limit_near, "work-pool/j", false, R"({"v":1,"note":")" + std::string(800u << 10, 'x') + R"("})"),
  };
}

} // namespace djm::test
