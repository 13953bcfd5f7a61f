#include "djm/command_job.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>

#include "test/support/temp_dir.hpp"
#include "test/unit/executor/support.hpp"

/// Commands as runs of the executor that nodes have.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<launcher> some_launcher(const std::function<void(launcher_options&)>& change = {}) {
  launcher_options o;
  o.helper = DJM_RUN;
  o.node = "node-1";
  o.kill_reserve = 200ms;
  if (change) {
    change(o);
  }
  auto l = launcher::open(o);
  REQUIRE(l);
  return *l;
}

command_options script(const std::string& text) {
  command_options o;
  o.program = {"/bin/sh", "-c", text};
  o.stop_grace = 200ms;
  return o;
}

job_definition define(const command_options& o, const std::shared_ptr<launcher>& by) {
  auto d = command_job::define(job_builder("mail").items({"a", "b"}).every(1s), o, by);
  if (!d) {
    FAIL(to_string(d.error()));
  }
  return *d;
}

/// Keeps the states of items.
class state_shelf {
public:
  state_keeper keeper() {
    return {[this](state_request r) {
              std::lock_guard<std::mutex> guard{mutex_};
              if (!r.save) {
                const auto i = states_.find(r.item.item);
                r.reply->give(i == states_.end() ? std::optional<bytes>{} : i->second);
              } else if (refuses) {
                r.reply->give(fail(errc::conflict, "an operator has set it"));
              } else {
                states_[r.item.item] = *r.save;
                r.reply->give(std::optional<bytes>{});
              }
            },
            30s};
  }
  std::string text(const item_id& item) {
    std::lock_guard<std::mutex> guard{mutex_};
    const auto& data = states_[item].data;
    return {data.begin(), data.end()};
  }
  void put(const item_id& item, const std::string& text) {
    std::lock_guard<std::mutex> guard{mutex_};
    states_[item] = bytes_of(text);
  }

  std::atomic<bool> refuses{false};

private:
  std::mutex mutex_;
  std::map<item_id, bytes> states_;
};

struct bed {
  state_shelf states;
  thread_executor exec{[] {
    auto o = patient();
    o.max_threads = 2;
    return o;
  }()};

  bed() { exec.keep_states(states.keeper()); }

  run_id start(const job_definition& d, results& r, std::vector<work_item> items = {{"a", 7}}) {
    const auto id = exec.next_run_id();
    exec.start({id, "mail", std::move(items), d.code}, r.done());
    return id;
  }
  /// The end of a run with this script; what it released before comes first in `all`.
  run_result run(const command_options& o, const std::shared_ptr<launcher>& by,
                 std::vector<work_item> items = {{"a", 7}}, std::vector<run_result>* all = nullptr) {
    results r;
    start(define(o, by), r, std::move(items));
    REQUIRE(eventually([&] {
      const auto now = r.all();
      return !now.empty() && now.back().ended;
    }));
    if (all != nullptr) {
      *all = r.all();
    }
    return r.all().back();
  }
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE(
  "command job: a definition is what the builder says, with time for TERM and KILL, and all complaints at once") {
  const auto by = some_launcher();
  auto o = script("true");
  o.stop_grace = 3s;
  const auto d = define(o, by);
  CHECK(d.spec.stop_grace == 3200ms);
  CHECK(d.spec.mode == running_mode::thread_per_item);
  CHECK(d.code->work_pool() == std::vector<item_id>{"a", "b"});
  o.folder = "x";
  o.umask = 01000;
  const auto none = command_job::define(job_builder("mail").items({"a"}), o, nullptr);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == errc::invalid_config);
  for (const auto* part : {"folder is \"x\"", "umask is 01000", "there is no launcher"}) {
    CHECK(none.error().text.find(part) != std::string::npos);
  }
  CHECK_FALSE(command_job::define(job_builder("a/b").items({"a"}), script("true"), by));
}

TEST_CASE("command job: secrets of the machine in its configuration may be forbidden") {
  auto o = script("true");
  const auto asks = *user_config::parse(R"({"a":"${file:/etc/shadow}"})");
  CHECK(define(o, some_launcher()).code->check_config(asks));
  o.secrets = false;
  const auto d = define(o, some_launcher());
  CHECK(d.code->check_config(*user_config::parse(R"({"a":"b"})")));
  CHECK(d.code->check_config(asks).error().text.find("gets no secrets") != std::string::npos);
}

TEST_CASE("command job: forty commands run at once on two threads") {
  bed b;
  const auto by = some_launcher();
  const auto d = define(script("exec sleep 1000"), by);
  results r;
  for (int i = 0; i < 40; ++i) {
    b.start(d, r, {{item_id{"i-" + std::to_string(i)}, i + 1}});
  }
  CHECK(eventually([&] { return by->status().started == 40; }));
  CHECK(b.exec.running({}).size() == 40);
  CHECK(b.exec.shutdown(far()).empty());
  CHECK(r.reach(40));
  for (auto& x : r.all()) {
    CHECK_FALSE(x.failed); // they were asked to stop
  }
  CHECK(eventually([&] { return by->status().running == 0; }));
}

TEST_CASE("command job: exit codes are outcomes") {
  bed b;
  const auto by = some_launcher();
  CHECK_FALSE(b.run(script("exit 0"), by).failed);
  auto x = b.run(script("echo torn; exit 3"), by);
  CHECK(x.failed);
  CHECK_FALSE(x.for_good);
  CHECK(x.failure == "exit code 3; its output ended with: torn");
  CHECK(b.run(script("exit 64"), by).for_good);
  CHECK(b.run(script("exit 78"), by).for_good);
  x = b.run(script("kill -9 $$"), by);
  CHECK(x.failure == "killed by signal 9 (SIGKILL)");
}

TEST_CASE("command job: exit code 75 postpones, longer each time, until that has gone on for too long") {
  bed b;
  const auto by = some_launcher();
  auto o = script("exit 75");
  o.postpone = 1s;
  o.most_postponed = 2;
  const auto d = define(o, by);
  const auto next = [&](const item_id& item) {
    results r;
    b.start(d, r, {{item, 7}});
    REQUIRE(r.reach(1));
    return r.all()[0];
  };
  CHECK(next("a").again_in == 1s);
  CHECK(next("a").again_in == 2s);
  CHECK(next("b").again_in == 1s);
  CHECK(next("a").failed);
  CHECK(next("a").again_in == 1s);
}

TEST_CASE("command job: a program that is not there, and a rank that is not, decline the items") {
  bed b;
  auto o = script("true");
  o.program = {"/no/such/program"};
  std::vector<run_result> all;
  const auto by = some_launcher([](auto& l) { l.most = containment::subreaper; });
  CHECK_FALSE(b.run(o, by, {{"a", 7}, {"b", 8}}, &all).failed);
  REQUIRE(all.size() == 3);
  CHECK(all[0].declined == "cannot execute /no/such/program: No such file or directory");
  CHECK(all[0].released == std::vector<item_id>{"a"});
  CHECK(all[1].released == std::vector<item_id>{"b"});
  o = script("true");
  o.least = containment::cgroup;
  b.run(o, by, {{"a", 7}}, &all);
  REQUIRE(all.size() == 2);
  CHECK(all[0].declined == "it needs containment cgroup, and this node has subreaper");
}

TEST_CASE("command job: item, token and the rest are in the environment of one item, and for a share in its input") {
  const temp_dir folder;
  const auto out = (folder.path() / "out").string();
  bed b;
  const auto by = some_launcher();
  b.states.put("a", "41");
  auto o = script("env | sort > " + out + "; cat >> " + out);
  o.input = command_input::json;
  o.load_states = true;
  CHECK_FALSE(b.run(o, by).failed);
  const auto text = content_of(out);
  for (const auto* part :
       {"DJM_ATTEMPT=1\n", "DJM_CONFIG_REV=0\n", "DJM_ITEM=a\n", "DJM_JOB=mail\n", "DJM_NODE=node-1\n", "DJM_TOKEN=7\n",
        "LANG=C.UTF-8\n", "\"items\":[{\"id\":\"a\",\"token\":7,\"state\":\"41\"}]}"}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
  o.whole_share = true;
  CHECK_FALSE(b.run(o, by, {{"a", 7}, {"b", 8}}).failed);
  const auto share = content_of(out);
  CHECK(share.find("DJM_ITEM") == std::string::npos);
  CHECK(share.find("DJM_TOKEN") == std::string::npos);
  CHECK(share.find("{\"id\":\"b\",\"token\":8}]}") != std::string::npos);
}

TEST_CASE("command job: what it saves is there when the run is over, and a save that is lost makes it a failed one") {
  bed b;
  const auto by = some_launcher();
  const std::string saves =
    R"(for i in 1 2 3; do echo '{"save": {"text": "'$i'"}, "progress": {"done": '$i'}}' >&3; done)";
  auto x = b.run(script(saves), by);
  CHECK_FALSE(x.failed);
  CHECK(b.states.text("a") == "3");
  CHECK(x.progress.done == 3);
  b.states.refuses = true;
  x = b.run(script(saves), by);
  CHECK(x.failed);
  CHECK(x.failure.find("the state of item \"a\" was not saved: an operator has set it") != std::string::npos);
  CHECK(b.run(script("echo nonsense >&3"), by).failure.find("is no JSON") != std::string::npos);
}

TEST_CASE("command job: items that it names have failed, and the others have not") {
  bed b;
  auto o = script(R"(echo '{"fail": {"item": "b", "text": "torn", "permanent": true}}' >&3)");
  o.whole_share = true;
  o.input = command_input::json;
  const auto x = b.run(o, some_launcher(), {{"a", 7}, {"b", 8}});
  CHECK(x.failed_items == std::vector<item_id>{"b"});
  CHECK(x.failed_for_good == std::vector<item_id>{"b"});
  CHECK(x.failure == "item \"b\": torn");
}

TEST_CASE("command job: a request to stop is TERM, then KILL, and the run ends when nothing is left") {
  bed b;
  const auto by = some_launcher();
  results r;
  const auto id = b.start(
    define(script(R"(trap '' TERM; echo '{"progress": {"done": 1}}' >&3; while :; do sleep 0.05; done)"), by), r);
  REQUIRE(eventually([&] {
    const auto now = b.exec.look(id);
    return now && now->progress.done == 1;
  }));
  b.exec.request_stop(id, stop_reason::shutdown, {});
  REQUIRE(r.reach(1));
  CHECK_FALSE(r.all()[0].failed);
  CHECK(by->status().killed == 1);
}

TEST_CASE("command job: the end of a session is not begun before every command has a lease that is short enough") {
  bed b;
  const auto by = some_launcher();
  run_lease l;
  l.session = 1;
  l.deadline = boot_now() + 1h;
  l.after_close = duration::zero(); // the others count from the close
  b.exec.renew_lease(l);
  results r;
  const auto d = define(script("trap '' TERM; while :; do sleep 0.05; done"), by);
  for (int i = 0; i < 5; ++i) {
    b.start(d, r, {{item_id{"i-" + std::to_string(i)}, i + 1}});
  }
  REQUIRE(eventually([&] { return by->status().started == 5; }));
  b.exec.session_ends(1, boot_now());
  // From here on this process might stand still. What is alive now has KILL already.
  REQUIRE(r.reach(5));
  CHECK(by->status().killed == 5);
}

TEST_CASE("command job: where an executor knows no runs that are taken over, run waits for the command") {
  const auto by = some_launcher();
  class plain final : public job {
  public:
    explicit plain(std::shared_ptr<job> code) : code_(std::move(code)) {}
    std::vector<item_id> work_pool() override { return {}; }
    void run(job_context& ctx) override { code_->run(ctx); }

  private:
    std::shared_ptr<job> code_;
  };
  bed b;
  auto d = define(script("exit 3"), by);
  d.code = std::make_shared<plain>(d.code);
  results r;
  b.start(d, r);
  REQUIRE(r.reach(1));
  CHECK(r.all()[0].failure == "exit code 3");
}

TEST_CASE("command job: more commands than there may be are called again soon") {
  bed b;
  const auto by = some_launcher([](auto& o) { o.max_commands = 1; });
  results r, other;
  b.start(define(script("exec sleep 1000"), by), r);
  REQUIRE(eventually([&] { return by->status().started == 1; }));
  b.start(define(script("true"), by), other, {{"b", 8}});
  REQUIRE(other.reach(1));
  CHECK(other.all()[0].again_in == 1s);
}
