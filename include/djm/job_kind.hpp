#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "djm/describe_fields.hpp"
#include "djm/error.hpp"
#include "djm/ids.hpp"
#include "djm/job.hpp"
#include "djm/user_config.hpp"

namespace djm {

/// Bytes of the name of a kind, at most.
constexpr std::size_t max_kind_name = 100;

/// What a kind makes a job of.
struct submitted_job {
  /// What the job has to be called.
  job_id id;
  /// As it was submitted; secrets in it are references still.
  user_config config;
  /// Who has submitted it, as that calls itself. Nobody has checked it: decide nothing by it.
  std::string by;
};

/// A kind of job that nodes make of what is submitted from outside (`client::submit`, `djm submit`). Every node that
/// has it in `node_options::kinds` publishes its name and version, and makes a job of each submission of that kind.
///
///     struct report_config { std::string table; };
///     DJM_FIELDS(report_config, table)
///
///     options.kinds.push_back(djm::make_kind<report_config>("report", 1,
///       [](const djm::submitted_job& s, const report_config& c) {
///         return djm::job_builder(s.id).items({c.table}).every(1min).run(make_report(c)).build();
///       }));
struct job_kind {
  /// By the rule of ids; unique within a node (`invalid_config` otherwise).
  std::string name;
  /// From 1 on. A submission says which one it needs at least.
  std::int64_t version = 1;
  /// What its configuration may say, for people and tools; empty where the kind takes anything.
  std::vector<field_description> schema;
  /// Makes the job. Called on a thread for user code, for one submission after the other, and for each submission on
  /// one node after the other (one that was cut off for longer than its session may be in it still). An error, or what
  /// it throws, declines the submission on this node, which is shown with the text; it is not called again for it by
  /// this life of the node. One that does not come back within 30 s declines as well. A process that ends in it counts
  /// against the submission: after two nobody tries it any more.
  std::function<expected<job_definition>(const submitted_job&)> make;
  /// Only where nobody but the owner of the tree may write submissions: the tree is closed by a digest. For kinds whose
  /// configuration says what code is run.
  bool closed_tree_only = false;
};

/// A kind whose configuration is a struct with a field list: it is read and checked before `make` is called, and what
/// is wrong with it declines the submission.
template <class Config, class F>
job_kind make_kind(std::string name, std::int64_t version, F make) {
  job_kind kind;
  kind.name = std::move(name);
  kind.version = version;
  kind.schema = describe_fields<Config>();
  kind.make = [make = std::move(make)](const submitted_job& s) -> expected<job_definition> {
    auto config = s.config.as<Config>();
    if (!config) {
      return tl::make_unexpected(std::move(config.error()));
    }
    return make(s, *config);
  };
  return kind;
}

} // namespace djm
