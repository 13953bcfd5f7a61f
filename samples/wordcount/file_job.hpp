#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "djm/job.hpp"
#include "journal.hpp"

namespace wordcount {

/// Counts the words of every file below a directory. The work pool is the files: adding or deleting one changes the
/// pool, and the cluster rebalances.
class file_job final : public djm::job {
public:
  file_job(std::string directory, std::string node, std::string incarnation, journal& out);

  std::vector<djm::item_id> work_pool() override;
  void run(djm::job_context& ctx) override;

  std::uint64_t files_counted() const { return counted_; }
  std::uint64_t words_counted() const { return words_; }
  std::uint64_t refused() const { return refused_; }

private:
  std::string path_of(const djm::item_id& item) const;

  std::string directory_;
  std::string node_;
  std::string incarnation_;
  journal& out_;
  mutable std::mutex guard_;
  std::map<djm::item_id, std::string> paths_;
  std::atomic<std::uint64_t> counted_{0};
  std::atomic<std::uint64_t> words_{0};
  std::atomic<std::uint64_t> refused_{0};
};

/// Runs that last, to see what happens to a long run when its node goes.
class slow_job final : public djm::job {
public:
  slow_job(std::uint32_t items, djm::duration lasts, std::string node, std::string incarnation, journal& out);

  std::vector<djm::item_id> work_pool() override;
  void run(djm::job_context& ctx) override;

private:
  std::uint32_t items_;
  djm::duration lasts_;
  std::string node_;
  std::string incarnation_;
  journal& out_;
};

/// The item a file is known by: its relative path with '/' as "--" and other foreign characters as '_'; longer names
/// and names that were changed end in a hash, so that two files never share an item.
djm::item_id item_name(const std::string& relative_path);

} // namespace wordcount
