#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/manager/cluster_image.hpp"
#include "djm/events.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/payloads.hpp"

/// What the leader notes down of the cluster as a whole: hashes, the same whoever leads and in whatever order it has
/// read things. Pure.
namespace djm {

/// What all nodes follow of a job, as its record says it.
struct record_mark {
  /// Hash of the specification that rules, what is overridden in it, and the configuration that operators have set.
  std::uint64_t configuration = 0;
  /// What the ruling specification calls its deployment.
  std::string deployment;
};
inline bool operator==(const record_mark& a, const record_mark& b) {
  return a.configuration == b.configuration && a.deployment == b.deployment;
}
record_mark mark_of_record(const store::job_payload& record, const std::string& config);

/// The marks of all records, and what they come to together. What a change costs does not grow with their number.
class record_marks {
public:
  void put(const job_id& job, record_mark mark);
  void drop(const job_id& job);
  void clear();
  /// How often anything has changed.
  std::uint64_t changes() const { return changes_; }
  std::string configuration() const;
  std::string deployment() const;
  /// Names of deployments, the first eight.
  std::vector<std::string> names() const;

private:
  std::map<job_id, record_mark> marks_;
  std::map<std::string, std::size_t> names_;           ///< of deployments, with how many jobs have them
  std::uint64_t configurations_ = 0, deployments_ = 0; ///< sums, so that the order does not matter
  std::uint64_t changes_ = 0;
};

/// Hash of jobs, items and the workers that take part: those that are alive, and those of `kept_back` that own
/// something. (One that owns nothing and has been gone for long would take part again with each new leader, which
/// counts its tolerance anew.)
std::string hash_of_jobs(const cluster_image& image, const std::set<node_id>& kept_back);

/// The cluster as it is to be noted down; epoch and time are left open.
store::model_payload model_of(std::string job_model, const record_marks& records);

/// What is different, in the order of the enumeration. Where nothing is noted down, everything is.
std::vector<model_part> differences(const store::model_payload* noted, const store::model_payload& now);

} // namespace djm
