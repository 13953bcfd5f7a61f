#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/job.hpp"
#include "djm/launcher.hpp"
#include "djm/time.hpp"

namespace djm {

/// What a command reads from its input.
enum class command_input : std::uint8_t {
  /// Nothing: it is /dev/null.
  none,
  /// One line of JSON: job, run, slot, attempt, configuration, and the items with their tokens and, where they are
  /// asked for, their states.
  json,
};

/// The names of the kinds of input, in their order.
constexpr auto enum_names(command_input) {
  return name_enum("command_input", "none", "json");
}

/// The name of the kind of input.
std::string to_string(command_input x);

/// Limits of the processes of a command, as `setrlimit` takes them; nothing: that of the node.
struct command_limits {
  /// Open files, 4 to 1048576.
  std::optional<std::uint64_t> nofile;
  /// Bytes of a core file; 0 by default.
  std::optional<std::uint64_t> core = 0;
  /// Bytes of address space, from 1 MiB on.
  std::optional<std::uint64_t> address_space;
};
DJM_FIELDS(command_limits, nofile, core, address_space)

/// What is executed for a job.
struct command_options {
  /// The program and its arguments, as they are: whoever wants a shell names it ("/bin/sh", "-c", "..."). A name
  /// without
  /// "/" is looked for in the PATH of the environment below. No zero bytes; 1 to 4096 of them, 1 MiB together.
  std::vector<std::string> program;
  /// Besides PATH (/usr/local/bin:/usr/bin:/bin), HOME (the user's, or /), LANG (C.UTF-8), TZ (the node's, if it has
  /// one) and what djm says (`DJM_...`), which may not be named here. Nothing else of the node's own environment is
  /// passed on.
  std::map<std::string, std::string> environment;
  /// Where it runs; an absolute path, "/" by default.
  std::string folder = "/";
  /// The user as whom it runs, with the groups of that user: a name or a number; empty (the default): as the node.
  /// Needs root.
  std::string user;
  /// 0 to 0777, 022 by default.
  std::uint32_t umask = 022;
  /// Of each of its processes.
  command_limits limits;
  /// False (the default): one command for each item. True: one for the whole share of the node; the items are in its
  /// input, which must be JSON then.
  bool whole_share = false;
  /// What it reads; nothing by default.
  command_input input = command_input::none;
  /// Whether the states of the items are loaded for its input, which must be JSON then; false by default.
  bool load_states = false;
  /// The signal that asks it to end, SIGTERM by default; 1 to 31, neither KILL nor STOP.
  std::uint32_t stop_signal = 15;
  /// After so long it gets KILL. 0s to 1h, default 5s. Together with `launcher_options::kill_reserve` it is the least
  /// `stop_grace` of the job.
  any_duration stop_grace = std::chrono::seconds{5};
  /// It must have said "ready" by then; 0s (the default; it need not) to 1h. Otherwise it is stopped, and the attempt
  /// has failed.
  any_duration ready_timeout = duration::zero();
  /// For a service, which is to be there all the time: a command that ends sooner has failed, whatever its exit code,
  /// and is tried again as `retry` of the job says. One that has lasted so long had started: where it fails after that,
  /// the attempts of its slot are over, and those of the next one count anew. 0s (the default; no command is looked at
  /// in this way) to 1h.
  any_duration start_time = duration::zero();
  /// What must hold its processes; on a node whose launcher offers less its items are declined. `subreaper` by default.
  containment least = containment::subreaper;
  /// Whether programs that it executes may gain privileges (set-user-ID); false by default.
  bool new_privileges = false;
  /// Whether its configuration may name secrets of the machine (`${env:...}`, `${file:...}`), which the node looks up
  /// as itself and the command gets; true by default. False: such a configuration is refused.
  bool secrets = true;
  /// How long to wait, with `retry_later`, after exit code 75. 1s to 24h, default 1min; it doubles with each one in a
  /// row.
  any_duration postpone = std::chrono::minutes{1};
  /// After so many in a row exit code 75 is a failure. 0 to 1000, default 10.
  std::uint32_t most_postponed = 10;
};

/// A job whose runs are commands: processes of their own, each watched by a helper that ends them in time also where
/// this node is frozen or killed. Placement, exclusion, tokens, calendars, retries, refusals, parking and history are
/// those of any job. Its runs need no threads of the node (`job::begin`).
///
/// **What a command gets.** `DJM_JOB`, `DJM_RUN` (a name of this run that no other has), `DJM_NODE`, `DJM_ATTEMPT`,
/// `DJM_CONFIG_REV`, `DJM_DEADLINE` (when the lease ended as it began, in seconds of CLOCK_BOOTTIME; it moves on;
/// absent without a limit), `DJM_SLOT` (ms since the Unix epoch; absent without one), and, with a command for each
/// item, `DJM_ITEM` and `DJM_TOKEN`. It has a session of its own, and no descriptors but 0 to 3.
///
/// **What it says.** By its exit code: 0 it is done; 75 (EX_TEMPFAIL) it is to be called again later; 64 (EX_USAGE) and
/// 78 (EX_CONFIG) it has failed and trying again does not help; all others, and signals, it has failed. And by lines of
/// JSON on descriptor 3, at most 100 KiB each:
/// `{"progress": {"done": 3, "total": 10, "text": "..."}}`, `{"save": {"item": "a", "text": "..."}}` (or `"base64"`;
/// the item may be left out where there is one), `{"fail": {"item": "a", "text": "...", "permanent": true}}`,
/// `{"ready": true}`. What it has saved last is in the store before its items are given back; where that cannot be done
/// the run has failed.
///
/// **Its end.** The end of its main process is the end of the run; what that leaves behind gets TERM, and KILL 5 s
/// later, and the items are given back only when nothing is left. A stop request is TERM to all its processes, then
/// KILL. A program that is not there makes this node decline the items, so that another one gets them.
class command_job final : public job {
public:
  /// A definition as `base` builds it (which needs no `run`), with the command as its code: one run for each item
  /// unless `whole_share` is set, and a `stop_grace` that is long enough. `invalid_config` for options that break a
  /// rule, all of them named; otherwise as `job_builder::build`.
  static expected<job_definition> define(job_builder base, command_options options, std::shared_ptr<launcher> by);

  std::vector<item_id> work_pool() override;
  void run(job_context& ctx) override;
  bool begin(const std::shared_ptr<open_run>& run) override;
  std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share) override;
  expected<void> check_config(const user_config& config) const override;
  expected<bytes> answer(ask_context& ctx) override;
  ~command_job() override;

private:
  struct impl;
  explicit command_job(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace djm
