#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "djm/command_job.hpp"
#include "djm/job.hpp"
#include "djm/launcher.hpp"
#include "djm/node_config.hpp"

/// The file of djmd. Pure but for users, who are looked up.
namespace djm::daemon {

/// [commands]: how commands are started.
struct commands_table {
  std::string helper;
  containment least = containment::subreaper, most = containment::cgroup;
  std::string cgroup_folder;
  any_duration kill_reserve = std::chrono::seconds{1};
  std::uint32_t max_commands = 256;
  std::string log_folder;
  std::uint64_t log_limit = 16u * 1024 * 1024, log_total = 1024u * 1024 * 1024;
  std::string run_folder;
};

template <class V>
auto fields(V&& v, commands_table& x) {
  using namespace std::chrono_literals;
  return v(
    "commands", field("helper", x.helper).doc("the path of djm-run; empty: where it is installed"),
    field("least", x.least).doc("what must hold the processes of commands"),
    field("most", x.most).doc("what holds them at most"),
    field("cgroup_folder", x.cgroup_folder).doc("where cgroups are made; empty: in that of djmd"),
    field("kill_reserve", x.kill_reserve).range(100ms, 1min).doc("KILL comes so long before the lease ends"),
    field("max_commands", x.max_commands).range(1, 10'000).doc("commands at once"),
    field("log_folder", x.log_folder).doc("where their output goes; empty: only its end is kept"),
    field("log_limit", x.log_limit).range(4096, std::uint64_t{1} << 40u).doc("bytes of such a file"),
    field("log_total", x.log_total).range(4096, std::uint64_t{1} << 40u).doc("bytes of all such files"),
    field("run_folder", x.run_folder).doc("a folder for locks; with the embedded store /run/djmd-ID by default"));
}

/// [http]: as `http_config`, whose header needs CAF.
struct http_table {
  std::string address = "127.0.0.1";
  std::uint32_t port = 0;
  std::string token_file;
  bool allow_writes = false;
  std::string public_url;
  std::vector<std::string> hosts;
  std::uint32_t max_connections = 256;
};

template <class V>
auto fields(V&& v, http_table& x) {
  return v("http", field("address", x.address).doc("the address to listen on, in numbers"),
           field("port", x.port).range(0, 65'535).doc("the port; 0: one that is free"),
           field("token_file", x.token_file).doc("a file whose first line is the token; empty: none is asked for"),
           field("allow_writes", x.allow_writes).doc("whether anything may be changed over HTTP"),
           field("public_url", x.public_url).doc("where others reach the node; empty: its address"),
           field("hosts", x.hosts).doc("names under which it is reached"),
           field("max_connections", x.max_connections).range(1, 10'000).doc("connections at once"));
}

/// [job.NAME].
struct job_table {
  std::vector<std::string> items;
  // When: one of these.
  std::optional<duration> every, rate;
  std::string cron, zone;
  bool on_trigger = false, at_start = false, service = false;
  any_duration restart_after = std::chrono::seconds{1}, start_time = duration::zero();
  djm::catch_up catch_up = djm::catch_up::last;
  any_duration window = std::chrono::hours{24};
  std::optional<djm::slots> remember;
  any_duration least_claim_gap = std::chrono::minutes{1};
  djm::overlap overlap = djm::overlap::queue_one;
  any_duration jitter = duration::zero();
  // What happens when it fails.
  std::uint32_t attempts = 1;
  any_duration retry_after = std::chrono::seconds{1}, most_retry = std::chrono::minutes{10};
  any_duration run_timeout = duration::zero();
  std::uint32_t park_item_after = 0, decline_item_after = 0;
  // Where.
  bool every_node = false;
  std::string strategy = "balanced";
  std::map<std::string, std::string> config;
  // The command.
  std::vector<std::string> program;
  std::map<std::string, std::string> environment;
  std::string folder = "/", user;
  std::uint32_t umask = 022;
  std::optional<std::uint64_t> nofile, core = 0, address_space;
  bool whole_share = false;
  command_input input = command_input::none;
  bool load_states = false;
  std::uint32_t stop_signal = 15;
  any_duration stop_grace = std::chrono::seconds{5};
  any_duration ready_timeout = duration::zero();
  containment least = containment::subreaper;
  bool new_privileges = false;
  any_duration postpone = std::chrono::minutes{1};
  std::uint32_t most_postponed = 10;
};

template <class V>
auto fields(V&& v, job_table& x) {
  using namespace std::chrono_literals;
  return v(
    "job", field("items", x.items).doc("what the job works on"),
    field("every", x.every).range(1ms, 8760h).doc("from the end of a run to the next start"),
    field("rate", x.rate).range(1ms, 8760h).doc("from one start to the next"),
    field("cron", x.cron).doc("when it is due, as in a crontab"),
    field("zone", x.zone).doc("the time zone of cron; empty: UTC"),
    field("on_trigger", x.on_trigger).doc("it runs only when somebody says so"),
    field("at_start", x.at_start).doc("once with each start of djmd, on each node"),
    field("service", x.service).doc("all the time: started again whenever it ends"),
    field("restart_after", x.restart_after).range(10ms, 59s).doc("from the end of a service to its next start"),
    field("start_time", x.start_time).range(0s, 1h).doc("a service that ends sooner has failed"),
    field("catch_up", x.catch_up).doc("which slots are made good for that came while nothing could start"),
    field("window", x.window).range(1s, 8760h).doc("how far back that looks"),
    field("remember", x.remember).doc("what the store is told of the slots of cron, for whoever has the item next"),
    field("least_claim_gap", x.least_claim_gap).range(10s, 24h).doc("claimed and tracked need slots that far apart"),
    field("overlap", x.overlap).doc("what happens to a slot that comes during a run"),
    field("jitter", x.jitter).range(0s, 24h).doc("over how long the starts of items are spread"),
    field("attempts", x.attempts).range(1, 1000).doc("for one slot"),
    field("retry_after", x.retry_after).range(1ms, 24h).doc("before the second attempt; doubles"),
    field("most_retry", x.most_retry).range(1ms, 24h).doc("but becomes no longer than this"),
    field("run_timeout", x.run_timeout).range(0s, 168h).doc("a run that takes longer has failed; 0s: no limit"),
    field("park_item_after", x.park_item_after).range(0, 1'000'000).doc("slots in a row that failed; 0: never"),
    field("decline_item_after", x.decline_item_after).range(0, 1'000'000).doc("the same, to try another node"),
    field("every_node", x.every_node).doc("each node has the job for itself"),
    field("strategy", x.strategy).doc("who gets which item"), field("config", x.config).doc("texts for the command"),
    field("program", x.program).doc("the program and its arguments"),
    field("environment", x.environment).doc("beside PATH, HOME, LANG, TZ and DJM_..."),
    field("folder", x.folder).doc("where it runs"), field("user", x.user).doc("as whom; empty: as djmd"),
    field("umask", x.umask).range(0, 0777).doc("0o022"),
    field("nofile", x.nofile).range(4, 1'048'576).doc("open files"),
    field("core", x.core).range(0, std::uint64_t{1} << 62u).doc("bytes of a core file"),
    field("address_space", x.address_space).range(1'048'576, std::uint64_t{1} << 62u).doc("bytes of memory"),
    field("whole_share", x.whole_share).doc("one command for all items of a node"),
    field("input", x.input).doc("what it reads"), field("load_states", x.load_states).doc("with the states of items"),
    field("stop_signal", x.stop_signal).range(1, 31).doc("what asks it to end"),
    field("stop_grace", x.stop_grace).range(0s, 1h).doc("after that KILL"),
    field("ready_timeout", x.ready_timeout).range(0s, 1h).doc("it must be ready by then; 0s: it need not"),
    field("least", x.least).doc("what must hold its processes"),
    field("new_privileges", x.new_privileges).doc("whether set-user-ID programs work"),
    field("postpone", x.postpone).range(1s, 24h).doc("after exit code 75"),
    field("most_postponed", x.most_postponed).range(0, 1000).doc("times in a row"));
}

/// [accept_submitted]: which commands may be submitted from outside. Without this table none may.
struct accept_table {
  std::vector<std::string> users, folders;
};

template <class V>
auto fields(V&& v, accept_table& x) {
  return v("accept_submitted", field("users", x.users).doc("as whom submitted commands may run"),
           field("folders", x.folders).doc("where their programs are, or below"));
}

/// [on_failure]: what is told of runs that fail.
struct failure_table {
  std::vector<std::string> program;
  std::string user;
  any_duration timeout = std::chrono::minutes{1};
  std::uint32_t most = 4;
};

template <class V>
auto fields(V&& v, failure_table& x) {
  using namespace std::chrono_literals;
  return v("on_failure", field("program", x.program).doc("what is started for each run that has failed"),
           field("user", x.user).doc("as whom; empty: as djmd"),
           field("timeout", x.timeout).range(1s, 1h).doc("after that it is killed"),
           field("most", x.most).range(1, 100).doc("at once; of what comes beyond that nobody is told"));
}

/// All of it.
struct daemon_file {
  node_config node;
  std::optional<http_table> http;
  commands_table commands;
  std::optional<accept_table> accept_submitted;
  std::optional<failure_table> on_failure;
  std::map<std::string, job_table> job;
};
DJM_FIELDS(daemon_file, node, http, commands, accept_submitted, on_failure, job)

/// Something wrong with a file.
struct fault {
  int line = 0; ///< from 1 on; 0: nowhere in particular
  std::string text;
};

/// What is in a file, or all that is wrong with it: the first fault of its syntax, or every other one, by line.
struct reading {
  daemon_file file;
  std::vector<fault> faults;
};
/// What else is wrong with the table [http]; the text begins with the key, if it is about one.
using http_check = std::function<expected<void>(const http_table&)>;
reading read_daemon_file(std::string_view text, const http_check& check_http = {});

/// What is wrong with a job, wherever it comes from: each begins with "job.NAME".
std::vector<std::string> faults_of_job(const daemon_file& f, const std::string& name, const job_table& t);

/// Whether each node has the job for itself, under a name of its own.
bool is_of_each_node(const job_table& t);
/// What a job of the file is called on this node.
job_id job_name(const std::string& name, const job_table& t, const node_id& node);
/// What it is to djm; to be defined by `command_job`.
job_builder make_builder(const std::string& name, const job_table& t, const node_id& node);
/// The same of its command.
command_options make_command(const job_table& t);
/// What is started for a run that has failed.
command_options make_command(const failure_table& t);
/// The same of its launcher, with what is not said filled in.
launcher_options make_launcher(const daemon_file& f);

} // namespace djm::daemon
