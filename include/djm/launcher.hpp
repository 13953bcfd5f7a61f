#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "djm/enum_names.hpp"
#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/log.hpp"
#include "djm/time.hpp"

namespace djm {

/// How the processes of a command are held together, from the weakest to the strongest. While its helper lives all
/// three hold all of them; they differ in what becomes of them when the helper is killed as well.
enum class containment : std::uint8_t {
  /// The helper is the process to whom orphans are given. When it is killed, the main process of the command dies with
  /// it; the others are looked for by their environment, and what cannot be found is reported as lost.
  subreaper,
  /// A pid namespace of their own, which dies with the helper. Needs CAP_SYS_ADMIN.
  pidns,
  /// A cgroup of version 2, which the node kills in the helper's place. Needs the right to make folders in the cgroup
  /// of the node and to move processes there (root, or a systemd unit with Delegate=yes).
  cgroup,
};

/// The names of the ranks, in their order.
constexpr auto enum_names(containment) {
  return name_enum("containment", "subreaper", "pidns", "cgroup");
}

/// The name of the rank.
std::string to_string(containment c);

/// How commands are started on a node.
struct launcher_options {
  /// The path of djm-run; empty (the default): where it is installed. It is opened once: replacing the file under a
  /// living process changes nothing for it.
  std::string helper;
  /// What this machine must be able to do; less is refused. `subreaper` by default.
  containment least = containment::subreaper;
  /// What is used at most. `cgroup` by default: the best that there is.
  containment most = containment::cgroup;
  /// The folder in which the cgroups of runs are made; empty (the default): the cgroup of this process.
  std::string cgroup_folder;
  /// How long before the end of the lease the processes of a command get KILL: the time in which that must have taken
  /// effect, also on much memory. 100ms to 1min, default 1s.
  any_duration kill_reserve = std::chrono::seconds{1};
  /// Commands at once, at most; a run beyond that is called again a second later. 1 to 10000, default 256.
  std::uint32_t max_commands = 256;
  /// What commands get as `DJM_NODE`: the id of the node; empty (the default): they do not get it.
  std::string node;
  /// Where the output of commands goes, a file for each item: `FOLDER/JOB/ITEM.log`; empty (the default): only its end
  /// is kept. An absolute path; made when missing.
  std::string log_folder;
  /// How long such a file becomes, in bytes, before it is renamed to `ITEM.log.1`, in place of the one before; what one
  /// run writes beyond it is dropped and counted. 4096 to 2^40, default 16 MiB.
  std::uint64_t log_limit = 16u * 1024 * 1024;
  /// How many bytes all of these files may have together, the former ones too; what commands write beyond it is dropped
  /// and counted, until files are renamed over others or taken away (which is noticed within a minute). From
  /// `log_limit` to 2^40, default 1 GiB.
  std::uint64_t log_total = 1024u * 1024 * 1024;
  /// A folder, of this node alone, in which a file is locked for each command as long as that is there, also when this
  /// process is not any more: `open` ends what an earlier process has left, and waits until nothing of it is there. For
  /// a node whose locks end with its process (the embedded store). Empty (the default): none. An absolute path; made
  /// when missing.
  std::string run_folder;
  /// Whether this process has no children but those of the launcher, and may therefore be given the orphans of commands
  /// whose helper was killed: then `subreaper` holds those as well. For a program that does nothing else, such as djmd;
  /// false by default.
  bool adopt_orphans = false;
  /// Receives what goes wrong; empty = nowhere.
  log_sink log;
};

/// How the commands of a launcher are.
struct launcher_status {
  /// What holds them.
  containment held_by = containment::subreaper;
  /// Helpers that there are now.
  std::uint32_t running = 0;
  /// Commands that were started, and those of them that have ended.
  std::uint64_t started = 0;
  /// See `started`.
  std::uint64_t ended = 0;
  /// Commands that could not be started.
  std::uint64_t refused = 0;
  /// Commands that needed KILL.
  std::uint64_t killed = 0;
  /// Commands whose main process left others behind.
  std::uint64_t left_over = 0;
  /// Helpers that ended before their command had, or were killed because they did not answer.
  std::uint64_t helpers_lost = 0;
  /// Commands of which it cannot be said that nothing is left: their helper was killed, and nothing else holds them.
  /// Their runs go on, and so their items stay where they are.
  std::uint32_t containment_lost = 0;
  /// What the files in `log_folder` have, in bytes.
  std::uint64_t log_bytes = 0;
  /// Bytes of output that were written to no file although there was one, of the commands that have ended.
  std::uint64_t log_dropped = 0;
};
DJM_FIELDS(launcher_status, held_by, running, started, ended, refused, killed, left_over, helpers_lost,
           containment_lost, log_bytes, log_dropped)

/// Starts the commands of the jobs of one node, each with a helper of its own (djm-run), and sees to their end.
/// Thread-safe. Has four threads: one watches, two call the code of jobs, one the log.
///
/// Jobs whose commands run keep it alive. Call `shutdown` when the node has ended, so that nothing goes on while the
/// program does not expect it any more.
class launcher {
public:
  /// `invalid_config` for options out of range, or a machine that cannot do what they ask for; `invalid_file` for a
  /// helper that cannot be executed or is of another version. The text says what each rank lacks.
  static expected<std::shared_ptr<launcher>> open(launcher_options options);
  launcher(const launcher&) = delete;
  launcher& operator=(const launcher&) = delete;
  /// `shutdown`, where that has not been called.
  ~launcher();

  /// Makes an end of the commands that there still are, and waits until nothing of them is left, for 30 s at most. From
  /// then on none is started (`shutting_down`). Not to be called by two threads at a time.
  void shutdown();

  /// What holds the commands.
  containment held_by() const;
  /// As of `launcher_options`.
  duration kill_reserve() const;
  /// How they are.
  launcher_status status() const;

  /// For djm itself.
  class impl;
  /// For djm itself.
  const std::shared_ptr<impl>& inside() const { return impl_; }

private:
  explicit launcher(std::shared_ptr<impl> x) : impl_(std::move(x)) {}
  std::shared_ptr<impl> impl_;
};

} // namespace djm
