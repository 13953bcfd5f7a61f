#include "tools/djm/command_table.hpp"

#include <algorithm>

#include "tools/cron/cron_command.hpp"
#include "tools/djm/command_entries.hpp"
#include "tools/djm/health.hpp"
#include "tools/djm/logs.hpp"
#include "tools/djm/looks.hpp"
#include "tools/djm/plans.hpp"
#include "tools/djm/record_commands.hpp"
#include "tools/djm/runs.hpp"
#include "tools/djm/state_command.hpp"
#include "tools/djm/submission_commands.hpp"
#include "tools/plan/plan_command.hpp"

namespace djm::tool {

namespace {

constexpr std::string_view look = "Look";
constexpr std::string_view judge_group = "Judge and mend";
constexpr std::string_view offline = "Without a cluster";

constexpr std::string_view kinds =
  "worker_joined worker_left worker_gone worker_marked leader_changed job_added job_removed job_switched item_added "
  "item_removed item_assigned item_locked item_released problem";

constexpr std::string_view outcomes = "finished failed failed_for_good timed_out postponed stopped cancelled dropped";

void add_looks(std::vector<command_entry>& all) {
  auto c = entry("status", look, "the cluster in six lines, and the command to look at next", status_command);
  c.watchable = true;
  all.push_back(c);

  c = entry("nodes", look, "who is there, with what is assigned and what is locked", nodes_command);
  c.options = {{"--since", "DURATION", "only those whose life began within it, such as 24h"}};
  c.watchable = true;
  all.push_back(c);

  c = entry("node", look, "one node", node_command);
  c.arguments = {{"NODE", "its id"}};
  c.watchable = true;
  all.push_back(c);

  c = entry("jobs", look, "the jobs, and how their items are spread", jobs_command);
  c.watchable = true;
  all.push_back(c);

  c = entry("job", look, "one job", job_command);
  c.arguments = {{"JOB", "its id"}};
  c.watchable = true;
  all.push_back(c);

  c = entry("record", look, "what all nodes follow of a job, and what operators have set", record_command);
  c.arguments = {{"JOB", "its id"}};
  c.watchable = true;
  all.push_back(c);

  c = entry("items", look, "the items, their owners, and who holds their locks", items_command);
  c.arguments = {{"JOB", "only those of this job", false}};
  c.options = {{"--node", "NODE", "only those that this node owns or holds"},
               {"--unassigned", "", "only those without an owner"},
               {"--contested", "", "only those whose lock somebody else than their owner holds"},
               {"--limit", "N", "so many at most", "1000"},
               {"--after", "JOB/ITEM", "go on behind this one"}};
  c.watchable = true;
  all.push_back(c);

  c = entry("locks", look, "every lock, and how it stands to the rest of the tree", locks_command);
  c.options = {{"--stuck", "", "only those that are not held by the owner of their item"}};
  c.watchable = true;
  all.push_back(c);

  c = entry("refusals", look, "which items nodes have refused, for how long, and why", refusals_command);
  c.watchable = true;
  all.push_back(c);

  c = entry("submissions", look, "the jobs that were submitted, by whom, and how each gets on", submissions_command);
  c.watchable = true;
  all.push_back(c);

  c = entry("leader", look, "who leads", leader_command);
  c.details = "Exit code 3 when nobody does.";
  c.watchable = true;
  all.push_back(c);

  c = entry("explain", look, "why an item is where it is, and what speaks against every other node", explain_command);
  c.details = "Plans what the tree shows. Exit code 3 when the item has no place.";
  c.arguments = {{"JOB", "its job"}, {"ITEM", "its id"}};
  all.push_back(c);

  c = entry("events", look, "who came and went, who leads, what moves", events_command);
  c.details = "Without --follow: what the tree remembers, which is when lives began and locks were taken.";
  c.options = {{"-f,--follow", "", "tell changes as they come, until Ctrl-C"},
               {"--since", "DURATION", "what the tree remembers of so long", "24h"},
               {"--for", "DURATION", "follow for so long"},
               {"--type", "KIND", "only of this kind", "", kinds, true},
               {"--node", "NODE", "only about this node"}};
  all.push_back(c);

  const std::string_view asked_of_nodes =
    "Nodes alone know them, so these are asked over HTTP, one after the other: those that --url names, or else "
    "those that are alive and tell their address in the store. Where one does not answer, what the others "
    "know is shown, and the exit code says so; those that tell no address are named. Exit code 4 when none "
    "could be asked. The token is sent to every node that is asked: who may write the store says who that is.";
  const option_entry url{"--url",   "URL", "where nodes are, such as http://node-1:8080; several with commas",
                         "DJM_URL", {},    true};
  const option_entry patience{"--timeout", "DURATION", "how long a node, or the store, may take", "10s"};

  c = entry("runs", look, "runs that are over, as far as nodes remember them, or those that go on", runs_command);
  c.details = asked_of_nodes;
  c.arguments = {{"JOB", "only those of this job", false}, {"ITEM", "only those that had this item", false}};
  c.options = {url,
               {"--outcome", "OUTCOME", "only those that ended so", "", outcomes},
               {"--under-way", "", "those that go on instead, the eldest first"},
               {"--limit", "N", "so many at most, the latest", "100"},
               token_file,
               patience};
  all.push_back(c);

  c = entry("history", look, "how the runs of each item went, as far as nodes remember them", history_command);
  c.details = asked_of_nodes;
  c.arguments = {{"JOB", "only items of this job", false}, {"ITEM", "only this item", false}};
  c.options = {url, {"--limit", "N", "of each node so many runs at most, the latest", "1000"}, token_file, patience};
  all.push_back(c);

  c = entry("tree", look, "every node of the tree with its data", tree_command);
  c.arguments = {{"PATH", "only what is at and below it", false}};
  all.push_back(c);
}

void add_judges(std::vector<command_entry>& all) {
  auto c = entry("check", judge_group, "whether all is well, one line for each check", check_command);
  c.details = "Exit code 3 when a check has failed; a warning is none.";
  c.arguments = {{"CHECK", "only these", false, true, "ready leader coverage locks store"}};
  c.options = {{"--wait", "", "wait until nothing is wrong"},
               {"--timeout", "DURATION", "how long to wait, for that or for the store", "10s"},
               {"--nagios", "", "one line, and the exit codes of Nagios: 0, 1, 2, and 3 for unknown"}};
  c.watchable = true;
  c.waits = true;
  all.push_back(c);

  c = entry("wait", judge_group, "wait until every item of a job is locked by its owner", wait_command);
  c.details =
    "Exit code 3 when something is missing still, or when every node has declined what was submitted; that is "
    "named.";
  c.arguments = {{"JOB", "its id"}};
  c.options = {{"--timeout", "DURATION", "wait for so long", "10min"}};
  c.waits = true;
  all.push_back(c);

  c = entry("doctor", judge_group, "everything in the tree that is not as it should be", doctor_command);
  c.details = "Reads every node of the tree. Exit code 3 when there is more than notes.";
  all.push_back(c);

  c = entry("repair", judge_group, "mend one finding of the doctor", repair_command);
  c.details = "Without --fix it says what would be done. A repair is refused when the tree has changed meanwhile.";
  c.options = {{"--fix", "FINDING", "mend this one, as the doctor calls it"}};
  all.push_back(c);
}

void add_logs(std::vector<command_entry>& all) {
  auto c = entry("logs", offline, "the end of the output of a command, on the machine that has run it", logs_command);
  c.details = "Reads the files of the node on this machine, and asks nobody. A command for a whole share has no item.";
  c.arguments = {{"JOB", "its job"}, {"ITEM", "its item", false}};
  c.options = {{"-f,--follow", "", "go on as it grows"},
               {"-n,--lines", "N", "so many lines", "20"},
               {"--folder", "FOLDER", "where the node keeps them, commands.log_folder of djmd", "DJM_LOG_FOLDER"}};
  c.store = false;
  all.push_back(c);
}

void add_offline(std::vector<command_entry>& all) {
  auto c =
    entry("plan", offline, "plan a file, or with --live what the tree shows; nothing is written", plan_live_command);
  c.details =
    "With a FILE it takes the options that `djm plan` shows when it is called alone, and has the exit codes 2 for a "
    "malformed file and 3 when planning fails.";
  c.arguments = {{"FILE", "a problem as JSON (docs/planner.md); \"-\": standard input", false}};
  c.options = {{"--live", "", "plan the cluster"},
               {"--without", "NODE", "as if it had left", "", "", true},
               {"--drain", "NODE", "as if it were draining", "", "", true},
               {"--add", "NODE[:KEY=VALUE,...]",
                "as if it had come; keys are zone, label, job, weight (in thousandths), max_items", "", "", true},
               {"--max-moves", "N", "so many moves at most"}};
  c.raw = plan_command;
  all.push_back(c);

  c = entry("cron next", offline, "when a cron expression is due", nullptr);
  c.details =
    "One instant a line. Exit code 1 for a wrong command line, 2 when the expression is refused, 3 when it is never "
    "due.";
  c.arguments = {{"EXPR", "the expression, as one argument"}};
  c.options = {{"--zone", "ZONE", "a name of the tz database", "UTC"},
               {"--dst", "RULE", "what changed clocks mean", "cron", "cron literal once"},
               {"--from", "INSTANT", "the first line is later than this", "now"},
               {"--count", "N", "so many lines", "5"},
               {"--zones", "FOLDER", "where the tz database is", "/usr/share/zoneinfo"}};
  c.store = false;
  c.raw = cron_next_command;
  all.push_back(c);
}

} // namespace

const std::vector<command_entry>& commands() {
  static const auto all = [] {
    std::vector<command_entry> result;
    add_looks(result);
    add_orders(result);
    add_record_orders(result);
    add_state_order(result);
    add_judges(result);
    add_logs(result);
    add_offline(result);
    return result;
  }();
  return all;
}

const std::vector<option_entry>& store_options() {
  static const std::vector<option_entry> options = {
    {"-s,--store", "SERVERS", "where the store is: host[:port][,...][/path]", "DJM_STORE"},
    {"-r,--root", "PATH", "the root of the tree", "DJM_ROOT, /djm"},
    {"--digest-file", "FILE", "a file whose first line is user:password", "DJM_DIGEST_FILE"},
    {"--timeout", "DURATION", "how long the store may take", "10s"},
    {"-o,--output", "FORMAT", "how to write", "table", "table wide json jsonl"}};
  return options;
}

const std::vector<option_entry>& watch_options() {
  static const std::vector<option_entry> options = {
    {"-w,--watch", "", "look again and again: redraws a terminal, and elsewhere writes when something has changed"},
    {"--interval", "DURATION", "how long to wait between two looks", "2s"}};
  return options;
}

std::vector<option_entry> options_of(const command_entry& c) {
  auto all = c.options;
  const auto add = [&](const std::vector<option_entry>& more) {
    for (const auto& o : more) {
      const bool own = std::any_of(c.options.begin(), c.options.end(),
                                   [&](const auto& x) { return long_name(x.name) == long_name(o.name); });
      if (!own) {
        all.push_back(o);
      }
    }
  };
  if (c.watchable) {
    add(watch_options());
  }
  if (c.store) {
    add(store_options());
  }
  return all;
}

const command_entry* find_command(std::string_view name) {
  const auto& all = commands();
  const auto i = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
  return i == all.end() ? nullptr : &*i;
}

std::string_view long_name(std::string_view option) {
  const auto comma = option.find(',');
  return comma == std::string_view::npos ? option : option.substr(comma + 1);
}

} // namespace djm::tool
