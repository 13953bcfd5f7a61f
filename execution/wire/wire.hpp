#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a node and the helper of a run say to each other. Each message is one packet of a SOCK_SEQPACKET socket, the
/// lifeline: one byte that says which, and its fields; integers are little-endian, texts have their length before them.
/// Pure, and needs nothing of djm: the helper links neither CAF nor ZooKeeper.
namespace djm::exec {

/// Grows with each change of what is written here. Both ends must be of the same: an upgrade under a living node is
/// found out with the first message.
constexpr std::uint32_t wire_version = 3;

/// The longest packet, and the most bytes that an order may have.
constexpr std::size_t max_packet = 128 * 1024;
constexpr std::size_t max_order = 8 * 1024 * 1024;
/// The longest line that a command may write to descriptor 3, and what is kept of its output.
constexpr std::size_t max_line = 100 * 1024;
constexpr std::size_t max_tail = 64 * 1024;

/// How the processes of a command are held together; the same numbers as `djm::containment`.
enum class rank : std::uint8_t { subreaper, pidns, cgroup };
constexpr std::uint8_t last_rank = 2;

/// Times are nanoseconds of CLOCK_BOOTTIME; this one is later than all.
constexpr std::int64_t no_deadline = INT64_MAX;

// -- from either end --------------------------------------------------------------

/// Before any run, with a helper that is started for nothing else: whether both are of the same version.
struct hello {
  std::uint32_t version = wire_version;
  /// From the helper: bit n says that it can hold processes by rank n.
  std::uint32_t ranks = 0;
};

// -- from the node ----------------------------------------------------------------

/// Nothing of the command may be left at the deadline. The newest one counts, also where its deadline is earlier.
struct lease {
  std::uint64_t seq = 0;
  std::int64_t deadline = 0;
};

/// Start this. Descriptors come with it: the order itself as a sealed memfd, then what `order` says.
struct order_here {};

/// TERM now, and KILL so long after it.
struct stop {
  std::int64_t grace = 0;
};

// -- from the helper --------------------------------------------------------------

/// It goes by the lease of this number from now on.
struct ack {
  std::uint64_t seq = 0;
};

/// What holds the processes is there and has none yet. With `rank::pidns` a pidfd of its first process comes along.
struct held {
  std::int64_t pid = 0;
};

/// The program runs.
struct started {
  std::int64_t pid = 0;
};

/// At which point a start went wrong.
enum class stage : std::uint8_t {
  /// The order makes no sense to the helper.
  order,
  /// The lease was over.
  lease,
  /// Making or entering what holds the processes.
  containment,
  /// Groups, user, limits, descriptors.
  setup,
  /// The folder it is to run in.
  folder,
  /// Executing the program.
  program,
};
constexpr std::uint8_t last_stage = 5;

/// It does not, and nothing of it was executed.
struct refused {
  stage at = stage::order;
  std::int32_t error = 0; ///< errno
};

/// A line that the command wrote to descriptor 3, without its end. `cut` says that it was too long.
struct line {
  std::string text;
  bool cut = false;
};

/// The main process has ended.
struct exited {
  bool signalled = false;
  std::int32_t code = 0; ///< its exit code, or the signal
};

/// Why the helper made an end of it.
enum class ending : std::uint8_t {
  /// It did not.
  none,
  /// The node said so.
  asked,
  /// The end of the lease.
  lease,
  /// The node is gone.
  node,
};
constexpr std::uint8_t last_ending = 3;

/// Nothing of the command is left, whatever is still to be told: it overtakes the lines that wait.
struct empty {};

/// The same, and how it came. The last message.
struct gone {
  ending why = ending::none;
  bool killed = false;       ///< KILL was needed for that
  bool left_over = false;    ///< processes were left when the main one had ended
  std::uint64_t dropped = 0; ///< bytes of output that were written nowhere
  std::string tail;          ///< the end of the output
};

/// From the node: it takes so many lines more. The command waits where it says more than is listened to.
struct credit {
  std::uint32_t lines = 0;
};
/// What a helper has at its start.
constexpr std::uint32_t first_credit = 64;

using message =
  std::variant<hello, lease, order_here, stop, ack, held, started, refused, line, exited, gone, credit, empty>;

std::string encode(const message& m);
/// Nothing where it is none, has bytes too many, or a value that is none.
std::optional<message> decode(std::string_view packet);

/// What is to be executed, and how.
struct order {
  std::string run;                  ///< the value of DJM_RUN, by which its processes are found
  std::vector<std::string> program; ///< its arguments, the first of which is the program
  std::vector<std::string> environment;
  std::string folder;
  bool switch_user = false;
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::uint32_t umask = 022;
  std::map<std::uint32_t, std::uint64_t> limits; ///< by the numbers of setrlimit
  bool new_privileges = false;
  std::uint32_t term_signal = 15;
  rank by = rank::subreaper;
  bool has_stdin = false;           ///< the second descriptor is its input; /dev/null otherwise
  bool has_leaf = false;            ///< the next one is the folder of its cgroup
  bool has_log = false;             ///< the next one is the file of its output
  bool has_log_count = false;       ///< the next one counts the bytes of all such files (`byte_count`)
  bool has_lock = false;            ///< the next one is locked for as long as the helper is there
  std::string leaf;                 ///< where that folder is
  std::uint64_t log_limit = 0;      ///< bytes that may be written to that file
  std::uint64_t log_total = 0;      ///< bytes that all such files may have together
  std::int64_t grace = 0;           ///< between TERM and KILL
  std::int64_t reserve = 0;         ///< KILL comes so long before the deadline
  std::int64_t left_over_grace = 0; ///< from TERM to KILL for what the main process leaves behind
};

std::string encode(const order& o);
std::optional<order> decode_order(std::string_view text);

} // namespace djm::exec
