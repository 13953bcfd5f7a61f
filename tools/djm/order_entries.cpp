#include "tools/djm/command_entries.hpp"
#include "tools/djm/orders.hpp"
#include "tools/djm/record_commands.hpp"
#include "tools/djm/state_command.hpp"
#include "tools/djm/submission_commands.hpp"

namespace djm::tool {

namespace {

constexpr std::string_view order = "Order";
constexpr option_entry dry_run{"--dry-run", "", "say what would be done, and do nothing"};
constexpr option_entry rev{"--rev", "N", "only if the record of the job is at this rev still"};

} // namespace

void add_orders(std::vector<command_entry>& all) {
  auto c = entry("drain", order, "have other nodes take what a node has, and wait until it has nothing", drain_command);
  c.details =
    "Says what the node still holds, and where the node tells its address, which run holds it, how long, how far that "
    "is, and whether it was asked to stop. When the time is over, or after Ctrl-C, the node goes on draining; exit "
    "code "
    "3 says that something is left, which is then written item by item.";
  c.arguments = {{"NODE", "its id; it need not be there yet"}};
  c.options = {{"--detach", "", "do not wait"},
               {"--timeout", "DURATION", "wait for so long", "10min"},
               {"--dry-run", "", "say what would move, and do nothing"},
               token_file};
  c.waits = true;
  all.push_back(c);

  c = entry("undrain", order, "take back a drain", undrain_command);
  c.arguments = {{"NODE", "its id"}};
  c.options = {dry_run};
  all.push_back(c);

  c = entry("cordon", order, "give a node nothing new", cordon_command);
  c.arguments = {{"NODE", "its id; it need not be there yet"}};
  c.options = {dry_run};
  all.push_back(c);

  c = entry("uncordon", order, "take back a cordon", uncordon_command);
  c.arguments = {{"NODE", "its id"}};
  c.options = {dry_run};
  all.push_back(c);

  c = entry("stoppable", order, "whether nodes may be stopped together", stoppable_command);
  c.details = "Exit code 3 when one of them should not be. Tells beside it which runs go on there, as far as the nodes "
              "tell their address.";
  c.arguments = {{"NODE", "their ids", true, true}};
  c.options = {token_file};
  all.push_back(c);

  c = entry("enable", order, "switch a job on", enable_command);
  c.arguments = {{"JOB", "its id", false}};
  c.options = {{"--all", "", "end `disable --all`"}, yes, dry_run};
  all.push_back(c);

  c = entry("disable", order, "switch a job off: its runs are asked to stop", disable_command);
  c.arguments = {{"JOB", "its id", false}};
  c.options = {{"--all", "", "every job, whatever its own switch says"}, yes, dry_run};
  all.push_back(c);
}

void add_record_orders(std::vector<command_entry>& all) {
  auto c = entry("pause", order, "start no more runs of a job; what goes on goes on", pause_command);
  c.details = "Items stay where they are; `disable` takes them away. It holds until `resume`, whatever is deployed.";
  c.arguments = {{"JOB", "its id"}};
  c.options = {yes, dry_run};
  all.push_back(c);

  c = entry("resume", order, "end a pause", resume_command);
  c.details = "What came due meanwhile is not made up for.";
  c.arguments = {{"JOB", "its id"}};
  c.options = {yes, dry_run};
  all.push_back(c);

  c = entry("prepare", order, "have a job prepared once more, before any further run of it starts", prepare_command);
  c.details = "For jobs with something to do before their items run. What goes on goes on.";
  c.arguments = {{"JOB", "its id"}};
  c.options = {yes, dry_run};
  all.push_back(c);

  c = entry("trigger", order, "run a job once more, now, on every node that holds items of it", trigger_command);
  c.arguments = {{"JOB", "its id"}};
  c.options = {
    {"--request", "NAME", "names the trigger: repeated under the same name it is the same one"}, yes, dry_run};
  all.push_back(c);

  c = entry("submit", order, "have the nodes that know a kind make a job of it, and offer that until it is removed",
            submit_command);
  c.details = "Done when it stands in the store; `djm wait` says when it is served, or why nodes have declined it.";
  c.arguments = {
    {"JOB", "its id"}, {"KIND", "a kind that nodes know"}, {"FILE", "a JSON object; \"-\": standard input", false}};
  c.options = {{"--least-version", "N", "only nodes whose kind has this version or a later one", "1"},
               {"--request", "NAME", "names the order: repeated under the same name it is the same one"},
               {"--by", "NAME", "who submits it, for people", "USER@HOST"},
               {"--force", "", "also when no node knows the kind: it waits for one"},
               dry_run};
  all.push_back(c);

  c = entry("remove", order, "take a job from every node, and from those that are away when they come back",
            remove_command);
  c.details = "A job that was submitted goes with its submission. Who registers it after that has it anew.";
  c.arguments = {{"JOB", "its id"}};
  c.options = {yes, dry_run};
  all.push_back(c);

  c = entry("set", order, "override a field of a job's specification, such as schedule.period", set_command);
  c.details = "What is set belongs to the specification that rules, and ends with it. `djm record` shows it.";
  c.arguments = {
    {"JOB", "its id"}, {"KEY", "the field; members of it behind dots"}, {"VALUE", "JSON, or a plain text"}};
  c.options = {rev, yes, dry_run};
  all.push_back(c);

  c = entry("unset", order, "take back what `set` did", unset_command);
  c.arguments = {{"JOB", "its id"}, {"KEY", "the field; members of it behind dots", false}};
  c.options = {{"--all", "", "all that is overridden"}, rev, yes, dry_run};
  all.push_back(c);

  c = entry("config", order, "show what runs of a job get, or set it from a file", config_command);
  c.details =
    "Values that the file does not name are those that the program names. Nodes whose code refuses a configuration go "
    "on with the one before, and report a problem.";
  c.arguments = {{"JOB", "its id"}, {"FILE", "a JSON object; \"-\": standard input", false}};
  c.options = {rev, yes, dry_run};
  all.push_back(c);
}

void add_state_order(std::vector<command_entry>& all) {
  auto c = entry("state", order, "show what is saved of an item, or set it", state_command);
  c.details = "Its runs find the new state with their next load. One that saves without having loaded it is refused.";
  c.arguments = {{"JOB", "its job"}, {"ITEM", "its id; it need not be there yet"}};
  c.options = {{"--set", "FILE", "save what this file holds; \"-\": standard input"},
               {"--text", "TEXT", "save this"},
               {"--clear", "", "as if nothing had ever been saved"},
               {"--version", "N", "only if the state is at this version still"},
               {"--raw", "", "write what is saved as it is, and nothing else"},
               yes,
               dry_run};
  all.push_back(c);
}

} // namespace djm::tool
