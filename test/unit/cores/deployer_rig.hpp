#pragma once

#include <map>
#include <string>
#include <utility>

#include "actors/deployer/deployer_core.hpp"
#include "test/unit/cores/driver.hpp"
#include "zkstore/tree/job_records.hpp"
#include "zkstore/tree/submissions.hpp"

/// What the tests of the deployer share.
namespace djm::test {

/// Everybody who submits or removes bumps `jobs-version`, which names the job.
inline void tell_of_job(fake_store& tree, const job_id& job) {
  const auto version = tree.stat("/djm/jobs-version").version;
  const auto before = *store::decode<store::jobs_version_payload>(tree.data("/djm/jobs-version"), "");
  tree.put("/djm/jobs-version", store::encode_change(before, version, {job}, "test"));
}
inline std::string submission_path(const job_id& job) {
  return "/djm/submissions/" + job;
}
/// Somebody submits it: its number.
inline store::zxid_t submit_to(fake_store& tree, const job_id& job, const std::string& kind = "report",
                               std::int64_t least = 1) {
  store::submission_payload p;
  p.kind = kind;
  p.least_version = least;
  p.submitted_by = "ann";
  p.request = "r";
  p.hash = "h";
  tree.put(submission_path(job), store::encode(p));
  tell_of_job(tree, job);
  return tree.stat(submission_path(job)).czxid;
}
inline void remove_from(fake_store& tree, const job_id& job) {
  tree.erase(submission_path(job));
  tell_of_job(tree, job);
}
inline store::submission_payload said_of(const fake_store& tree, const job_id& job) {
  return *store::decode<store::submission_payload>(tree.data(submission_path(job)), "");
}

/// One deployer, and a node around it that takes what it is given.
class deploying_node {
public:
  deploying_node(fake_store& tree, node_id id, std::string life, std::map<job_id, store::zxid_t> deployed = {})
    : id_(std::move(id)), life_(std::move(life)), d(settings(id_, life_, std::move(deployed)), tree) {}

  static deployer_core::settings settings(const node_id& id, const std::string& life,
                                          std::map<job_id, store::zxid_t> deployed) {
    deployer_core::settings s;
    s.node = id;
    s.incarnation = life;
    s.kinds = {{"report", 2, false}, {"closed", 1, true}};
    s.deployed = std::move(deployed);
    return s;
  }

  /// A session, and this life in it.
  std::string join() {
    auto said = d.connect();
    store::alive_payload a;
    a.incarnation = life_;
    const auto path = "/djm/alive/" + id_;
    if (d.tree.has(path)) {
      d.tree.erase(path);
    }
    (void) d.tree.commit(d.view.id, {{store::create_op{path, store::encode(a), store::create_mode::ephemeral}}});
    const auto more = d.pass(std::chrono::seconds{6});
    return said + (said.empty() || more.empty() ? "" : "; ") + more;
  }
  std::string made(store::zxid_t number, const std::string& why = {}) {
    return d.call(&deployer_core::on_made, number, why);
  }
  std::string registered(const job_id& job, store::zxid_t number, const std::string& why = {}) {
    return d.call(&deployer_core::on_registered, job, number, why);
  }
  std::string withdrawn(const job_id& job) { return d.call(&deployer_core::on_withdrawn, job); }
  const std::string& life() const { return life_; }
  const node_id& id() const { return id_; }

private:
  node_id id_;
  std::string life_;

public:
  driver<deployer_core> d;
};

} // namespace djm::test
