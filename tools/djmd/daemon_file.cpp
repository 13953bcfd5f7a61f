#include "tools/djmd/daemon_file.hpp"

#include <algorithm>
#include <utility>

#include "djm/user_config.hpp"
#include "djm/value_reader.hpp"
#include "execution/command/command_rules.hpp"
#include "tools/djmd/toml_text.hpp"

namespace djm::daemon {

namespace {

/// Gathers what is wrong with a file that can be read.
class fault_finder {
public:
  fault_finder(const toml_text& where, std::vector<fault>& found) : where_(where), found_(found) {}

  void add(const std::string& pointer, const std::string& text) { found_.push_back({where_.line_of(pointer), text}); }

  /// A complaint of a reader: its pointer, and what is wrong.
  void add_read(const std::string& complaint) {
    const auto end = complaint.find(": ");
    const auto pointer = complaint.substr(0, end);
    add(pointer, key_of(pointer) + (end == complaint.npos ? std::string{} : complaint.substr(end)));
  }

  /// A complaint that begins with the key within a table: "store.root has ...", "stop_grace (2s), ... ".
  void add_keyed(const std::string& table, const std::string& text) {
    auto key = text.substr(0, text.find_first_of(" :"));
    std::replace(key.begin(), key.end(), '.', '/');
    add(table + "/" + key, key_of(table) + ": " + text);
  }

  static std::string key_of(const std::string& pointer) {
    std::string key = pointer.empty() ? "the file" : pointer.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    return key;
  }

private:
  const toml_text& where_;
  std::vector<fault>& found_;
};

void check_schedule(const job_table& t, const std::string& place, fault_finder& out) {
  const int ways = (t.every ? 1 : 0) + (t.rate ? 1 : 0) + (t.cron.empty() ? 0 : 1) + (t.on_trigger ? 1 : 0) +
                   (t.at_start ? 1 : 0) + (t.service ? 1 : 0);
  if (ways != 1) {
    out.add(place, fault_finder::key_of(place) +
                     ": it must have one of every, rate, cron, on_trigger, at_start and service, and has " +
                     std::to_string(ways));
  }
  if (t.remember && t.cron.empty()) {
    out.add(place + "/remember", fault_finder::key_of(place) + ".remember: only cron has slots to remember");
  }
  if (t.start_time > duration::zero() && !t.service) {
    out.add(place + "/start_time", fault_finder::key_of(place) + ".start_time: only a service has one");
  }
  if (t.service && t.attempts != 1) {
    out.add(place + "/attempts", fault_finder::key_of(place) + ".attempts: a service is tried again without end");
  }
  if (t.most_retry < t.retry_after) {
    out.add(place + "/most_retry", fault_finder::key_of(place) + ".most_retry: " + describe_duration(t.most_retry) +
                                     " is less than retry_after, " + describe_duration(t.retry_after));
  }
  if (!t.zone.empty() && t.cron.empty()) {
    out.add(place + "/zone", fault_finder::key_of(place) + ".zone: only cron has a time zone");
  }
}

void check_job(const daemon_file& f, const std::string& name, const job_table& t, fault_finder& out) {
  const auto place = "/job/" + name;
  check_schedule(t, place, out);
  for (const auto& complaint : exec::check_command(make_command(t))) {
    out.add_keyed(place, complaint.substr(complaint.find(": ") + 2));
  }
  if (!t.user.empty()) {
    if (const auto who = exec::look_up_user(t.user); !who) {
      out.add(place + "/user", fault_finder::key_of(place) + ".user: " + who.error().text);
    }
  }
  if (auto built = make_builder(name, t, f.node.id).run([](job_context&) {}).build(); !built) {
    out.add(place, fault_finder::key_of(place) + ": " + built.error().text);
  }
  const auto grace = t.stop_grace + f.commands.kill_reserve;
  if (const auto longest = longest_stop_grace(f.node, f.node.store.session_timeout); grace > longest) {
    out.add(place + "/stop_grace", fault_finder::key_of(place) + ".stop_grace: with commands.kill_reserve it is " +
                                     describe_duration(grace) + "; the lease of the node leaves " +
                                     describe_duration(std::max(longest, duration::zero())) +
                                     " (node.store.session_timeout, node.detach_tolerance)");
  }
}

/// Who may write the tree could run programs here: only where that is nobody but who has the digest.
void check_accepted(const daemon_file& f, fault_finder& out) {
  const auto& a = *f.accept_submitted;
  const std::string place = "/accept_submitted";
  if (f.node.store.connect == "embedded") {
    out.add(place, "accept_submitted: nothing can be submitted to the embedded store (node.store.connect)");
  } else if (f.node.store.digest.empty()) {
    out.add(place,
            "accept_submitted: without node.store.digest everybody who reaches the store could run programs here");
  }
  if (a.users.empty()) {
    out.add(place + "/users", "accept_submitted.users: it must name those as whom submitted commands may run");
  }
  for (const auto& user : a.users) {
    if (const auto who = exec::look_up_user(user); !who) {
      out.add(place + "/users", "accept_submitted.users: " + who.error().text);
    }
  }
  if (a.folders.empty()) {
    out.add(place + "/folders", "accept_submitted.folders: it must name the folders of their programs");
  }
  for (const auto& folder : a.folders) {
    if (folder.empty() || folder.front() != '/') {
      out.add(place + "/folders", "accept_submitted.folders: \"" + folder + "\" is no absolute path");
    }
  }
}

void check_commands(const commands_table& c, fault_finder& out) {
  if (c.log_total < c.log_limit) {
    out.add("/commands/log_total", "commands.log_total: " + std::to_string(c.log_total) +
                                     " is less than commands.log_limit, " + std::to_string(c.log_limit));
  }
  if (c.least > c.most) {
    out.add("/commands/least",
            "commands.least: " + to_string(c.least) + " is more than commands.most, " + to_string(c.most));
  }
  for (const auto& [name, path] : {std::pair{"cgroup_folder", c.cgroup_folder}, std::pair{"log_folder", c.log_folder},
                                   std::pair{"run_folder", c.run_folder}, std::pair{"helper", c.helper}}) {
    if (!path.empty() && path.front() != '/') {
      out.add(std::string{"/commands/"} + name,
              std::string{"commands."} + name + ": \"" + path + "\" is no absolute path");
    }
  }
}

void check_on_failure(const failure_table& t, fault_finder& out) {
  for (const auto& complaint : exec::check_command(make_command(t))) {
    out.add_keyed("/on_failure", complaint.substr(complaint.find(": ") + 2));
  }
  if (!t.user.empty()) {
    if (const auto who = exec::look_up_user(t.user); !who) {
      out.add("/on_failure/user", "on_failure.user: " + who.error().text);
    }
  }
}

} // namespace

reading read_daemon_file(std::string_view text, const http_check& check_http) {
  reading result;
  const auto source = parse_toml(text);
  if (!source.fault.empty()) {
    result.faults.push_back({source.fault_line, source.fault});
    return result;
  }
  fault_finder out{source, result.faults};
  value_reader reader;
  reader.read(source.values.root(), result.file);
  for (const auto& complaint : reader.complaints().list()) {
    out.add_read(complaint);
  }
  // What was read stands, so that all that is wrong comes at once.
  for (const auto& e : check(result.file.node)) {
    out.add_keyed("/node", e.text);
  }
  if (result.file.http && check_http) {
    if (const auto ok = check_http(*result.file.http); !ok) {
      out.add("/http", "http: " + ok.error().text);
    }
  }
  check_commands(result.file.commands, out);
  if (result.file.accept_submitted) {
    check_accepted(result.file, out);
  }
  if (result.file.on_failure) {
    check_on_failure(*result.file.on_failure, out);
  }
  for (const auto& [name, t] : result.file.job) {
    check_job(result.file, name, t, out);
  }
  std::stable_sort(result.faults.begin(), result.faults.end(),
                   [](const fault& a, const fault& b) { return a.line < b.line; });
  return result;
}

std::vector<std::string> faults_of_job(const daemon_file& f, const std::string& name, const job_table& t) {
  const toml_text nowhere;
  std::vector<fault> found;
  fault_finder out{nowhere, found};
  check_job(f, name, t, out);
  std::vector<std::string> texts;
  for (auto& x : found) {
    texts.push_back(std::move(x.text));
  }
  return texts;
}

bool is_of_each_node(const job_table& t) {
  return t.every_node || t.at_start;
}

/// Jobs of one name have the same items on all nodes, and one node at a time for each: so each node has its own name.
job_id job_name(const std::string& name, const job_table& t, const node_id& node) {
  return job_id{is_of_each_node(t) ? name + "." + node.str() : name};
}

job_builder make_builder(const std::string& name, const job_table& t, const node_id& node) {
  job_builder b{job_name(name, t, node)};
  std::vector<item_id> items;
  for (const auto& item : t.items) {
    items.emplace_back(item);
  }
  if (items.empty() && is_of_each_node(t)) {
    items.emplace_back(node.str());
  }
  b.items(std::move(items));
  if (t.every) {
    b.every(*t.every);
  } else if (t.rate) {
    b.at_fixed_rate(*t.rate);
  } else if (!t.cron.empty()) {
    b.at(t.zone.empty() ? cron(t.cron) : cron(t.cron).zone(t.zone));
    b.catch_up(t.catch_up, t.window).overlap(t.overlap).jitter(t.jitter).least_claim_gap(t.least_claim_gap);
    if (t.remember) {
      b.remember(*t.remember);
    }
    if (!t.whole_share) {
      b.thread_per_item(); // as `command_job` has it: what is remembered needs a run for each item
    }
  } else if (t.service) {
    b.every(t.restart_after);
  } else {
    b.on_trigger_only(); // what is to run at the start is triggered then
  }
  // A service has as many attempts as there may be: where these are over, those of its next start follow at once.
  b.retry(retry{}.attempts(t.service ? 1000 : t.attempts).first(t.retry_after).max(t.most_retry));
  b.run_timeout(t.run_timeout).park_item_after(t.park_item_after).decline_item_after(t.decline_item_after);
  b.strategy(t.strategy);
  if (auto config = user_config::from_texts(t.config)) {
    b.config(std::move(*config));
  }
  return b;
}

command_options make_command(const job_table& t) {
  command_options o;
  o.program = t.program;
  o.environment = t.environment;
  o.folder = t.folder;
  o.user = t.user;
  o.umask = t.umask;
  o.limits = {t.nofile, t.core, t.address_space};
  o.whole_share = t.whole_share;
  o.input = t.input;
  o.load_states = t.load_states;
  o.stop_signal = t.stop_signal;
  o.stop_grace = t.stop_grace;
  o.ready_timeout = t.ready_timeout;
  o.start_time = t.start_time;
  o.least = t.least;
  o.new_privileges = t.new_privileges;
  o.postpone = t.postpone;
  o.most_postponed = t.most_postponed;
  return o;
}

command_options make_command(const failure_table& t) {
  command_options o;
  o.program = t.program;
  o.user = t.user;
  o.stop_grace = std::chrono::seconds{1};
  return o;
}

launcher_options make_launcher(const daemon_file& f) {
  launcher_options o;
  o.helper = f.commands.helper;
  o.least = f.commands.least;
  o.most = f.commands.most;
  o.cgroup_folder = f.commands.cgroup_folder;
  o.kill_reserve = f.commands.kill_reserve;
  o.max_commands = f.commands.max_commands;
  o.log_folder = f.commands.log_folder;
  o.log_limit = f.commands.log_limit;
  o.log_total = f.commands.log_total;
  o.run_folder = f.commands.run_folder;
  if (o.run_folder.empty() && f.node.store.connect == "embedded") {
    o.run_folder = "/run/djmd-" + f.node.id.str();
  }
  o.node = f.node.id.str();
  o.adopt_orphans = true;
  o.log = stderr_log();
  return o;
}

} // namespace djm::daemon
