#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "djm/bytes.hpp"
#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/job_context.hpp"
#include "execution/launcher/launching.hpp"

/// What a command reads and says. Pure.
namespace djm::exec {

/// "progress".
struct progress_word {
  std::uint64_t done = 0, total = 0;
  std::string text;
};
DJM_FIELDS(progress_word, done, total, text)

/// "save": one of both, and the item unless there is only one.
struct save_word {
  std::optional<std::string> item, text;
  std::optional<bytes> base64;
};
DJM_FIELDS(save_word, item, text, base64)

/// "fail".
struct fail_word {
  std::optional<std::string> item;
  std::string text;
  bool permanent = false;
};
DJM_FIELDS(fail_word, item, text, permanent)

/// A line on descriptor 3; each of them may be there.
struct command_word {
  std::optional<progress_word> progress;
  std::optional<save_word> save;
  std::optional<fail_word> fail;
  std::optional<bool> ready;
};
DJM_FIELDS(command_word, progress, save, fail, ready)

/// What it says, with items that are some of `items`; or what is wrong with it.
expected<command_word> read_word(const line& l, const std::vector<work_item>& items);

/// One line of JSON for the input of a command.
std::string make_input(const job_context& ctx, const std::string& run, const std::map<item_id, bytes>& states);

/// How a run is over.
struct verdict {
  enum class kind {
    finished,
    failed,
    failed_for_good,
    postponed,
    declined, ///< this node cannot run it
  };
  kind what = kind::finished;
  std::string text;
};

/// By what became of the command. `wrong` is what it said and was not possible; empty: nothing.
verdict judge(const command_end& end, const std::string& program, const std::string& wrong);

/// The same of a service, which took so long from its start, and has started when that is `start_time` or more.
verdict judge_service(verdict v, duration took, duration start_time);

/// The end of the output, for a text: at most `most` bytes, as UTF-8, without control characters but line ends.
std::string readable(std::string_view tail, std::size_t most);

} // namespace djm::exec
