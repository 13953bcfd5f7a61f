#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "djm/command_job.hpp"
#include "execution/command/command_talk.hpp"
#include "execution/launcher/launching.hpp"

namespace djm::exec {

/// What the runs of one job share. Thread-safe.
class job_commands {
public:
  job_commands(command_options o, std::shared_ptr<launcher> by) : options_(std::move(o)), by_(std::move(by)) {}

  const command_options& options() const { return options_; }
  const std::shared_ptr<launcher>& by() const { return by_; }

  /// How long to wait after another exit code 75 of these items; zero: that was the last one in a row.
  duration postponed(const std::string& items);
  void not_postponed(const std::string& items);

private:
  const command_options options_;
  const std::shared_ptr<launcher> by_;
  std::mutex mutex_;
  std::map<std::string, std::uint32_t> in_a_row_;
};

/// One run of such a job: from the order to what its end means.
class job_command final : public command_listener, public std::enable_shared_from_this<job_command> {
public:
  job_command(std::shared_ptr<job_commands> of, std::shared_ptr<open_run> run)
    : of_(std::move(of)), run_(std::move(run)) {}

  /// Throws what ends the run before there is a command.
  void begin();

  void on_line(const line& l) override;
  void on_lost() override;
  void on_end(const command_end& end) override;

private:
  launch make_launch() const;
  std::map<std::string, std::string> variables() const;
  void save(const save_word& word);
  void decline(const std::string& why);
  void finish(const command_end& end);
  void conclude(const verdict& v);
  std::string key() const;
  /// Whether it is one command for several items.
  bool shares() const { return of_->options().whole_share; }

  const std::shared_ptr<job_commands> of_;
  const std::shared_ptr<open_run> run_;
  std::shared_ptr<command_run> command_;
  stop_subscription stop_;
  std::map<std::string, std::string> unsaved_; ///< items whose last save went wrong
  std::int64_t began_ = 0;                     ///< of the boot clock
  std::string wrong_;                          ///< the first thing that it said and was not possible
};

} // namespace djm::exec
