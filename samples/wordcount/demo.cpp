#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <thread>

#include <caf/all.hpp>
#include <fmt/format.h>

#include "console.hpp"
#include "djm/node_actor.hpp"
#include "file_job.hpp"
#include "options.hpp"

/// The demonstration: three nodes count, one leaves gently, one dies; the table shows who owns what after each. An
/// observer node without jobs looks at the cluster, as any node can.
namespace wordcount {

namespace {

using namespace std::chrono_literals;

djm::expected<djm::cluster_view> look(caf::actor_system& system, const djm::node_actor& node) {
  djm::cx::scoped_actor self{system};
  djm::expected<djm::cluster_view> answer = djm::fail(djm::errc::internal, "no answer");
  self->mail(djm::get_cluster{})
    .request(node, 10s)
    .receive([&](djm::cluster_view& v) { answer = std::move(v); },
             [&](caf::error& e) { answer = tl::make_unexpected(djm::from_caf(e)); });
  return answer;
}

struct tally {
  std::size_t items = 0;
  std::size_t running = 0; ///< owned by a live worker that holds the lock
  std::map<djm::node_id, std::size_t> held;
};

tally count(const djm::cluster_view& view) {
  tally t;
  for (const auto& j : view.jobs) {
    for (const auto& i : j.items) {
      ++t.items;
      auto w = std::find_if(view.workers.begin(), view.workers.end(), [&](const auto& x) { return x.id == i.owner; });
      if (w != view.workers.end() && w->state == djm::worker_state::alive && i.holder == i.owner) {
        ++t.running;
        ++t.held[i.owner];
      }
    }
  }
  return t;
}

void print_table(const djm::cluster_view& view, const std::string& caption) {
  const auto t = count(view);
  std::cout << fmt::format("\n{}\n  {:<10} {:<8} {:>8} {:>8}\n", caption, "node", "state", "assigned", "locked");
  for (const auto& w : view.workers) {
    if (w.jobs.empty()) {
      continue;
    }
    auto h = t.held.find(w.id);
    std::cout << fmt::format("  {:<10} {:<8} {:>8} {:>8}  {}\n", w.id, to_string(w.state), w.items,
                             h == t.held.end() ? 0 : h->second,
                             std::string(w.items * 40 / std::max<std::size_t>(t.items, 1), '#'));
  }
  std::cout << fmt::format("  {} of {} files owned and locked; leader {}\n", t.running, t.items, view.leader);
  std::cout.flush();
}

/// One of the three: a node in this process, or a process of its own.
class participant {
public:
  virtual ~participant() = default;
  virtual void stop_gently() = 0;
  virtual void kill() = 0;
};

class inner_node final : public participant {
public:
  inner_node(caf::actor_system& system, options o, journal& out) : system_(system) {
    auto handle = djm::spawn_node(system, node_config_of(o), quiet());
    if (!handle) {
      throw std::runtime_error(to_string(handle.error()));
    }
    node_ = *handle;
    djm::register_job words;
    words.spec.id = "words";
    words.spec.schedule = djm::schedule::fixed_rate(o.period);
    words.spec.pool_check_period = o.rescan;
    words.code = std::make_shared<file_job>(o.files, o.id, "in-process", out);
    djm::cx::scoped_actor self{system_};
    self->mail(std::move(words))
      .request(node_, 10s)
      .receive([] {}, [](caf::error& e) { throw std::runtime_error(to_string(djm::from_caf(e))); });
  }

  static djm::node_options quiet() {
    djm::node_options n;
    n.log = djm::stderr_log(djm::log_level::error);
    return n;
  }

  ~inner_node() override { stop_gently(); }

  void stop_gently() override {
    if (node_) {
      djm::cx::scoped_actor self{system_};
      self->mail(djm::shutdown_node{}).request(node_, caf::infinite).receive([] {}, [](caf::error&) {});
      node_ = nullptr;
    }
  }

  /// All its actors die at once; what its runs still return is discarded, and the store hears no word of goodbye.
  void kill() override {
    caf::anon_send_exit(node_, caf::exit_reason::kill);
    node_ = nullptr;
  }

private:
  caf::actor_system& system_;
  djm::node_actor node_;
};

class process_node final : public participant {
public:
  process_node(const std::string& program, const options& o) {
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const auto period = djm::format_duration(o.period);
      const auto timeout = djm::format_duration(o.session_timeout);
      const auto detach = djm::format_duration(o.detach);
      execl(program.c_str(), program.c_str(), "--id", o.id.c_str(), "--connect", o.connect.c_str(), "--root",
            o.root.c_str(), "--files", o.files.c_str(), "--journal", o.journal.c_str(), "--period", period.c_str(),
            "--session-timeout", timeout.c_str(), "--detach", detach.c_str(), "--quiet", nullptr);
      _exit(127);
    }
  }
  ~process_node() override { stop_gently(); }

  void stop_gently() override { end(SIGTERM); }
  void kill() override { end(SIGKILL); }

private:
  void end(int signal) {
    if (pid_ > 0) {
      ::kill(pid_, signal);
      waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }
  pid_t pid_ = 0;
};

/// A ZooKeeper server in a process of its own; it prints where it listens and ends with its standard input.
class server {
public:
  explicit server(const std::string& program) {
    int to_us[2];
    int to_it[2];
    if (pipe(to_us) != 0 || pipe(to_it) != 0) {
      throw std::runtime_error("no pipe");
    }
    pid_ = fork();
    if (pid_ == 0) {
      dup2(to_it[0], 0);
      dup2(to_us[1], 1);
      for (int fd : {to_us[0], to_us[1], to_it[0], to_it[1]}) {
        close(fd);
      }
      execl(program.c_str(), program.c_str(), nullptr);
      _exit(127);
    }
    close(to_us[1]);
    close(to_it[0]);
    in_ = to_it[1];
    std::FILE* f = fdopen(to_us[0], "r");
    char line[256] = {};
    while (std::fgets(line, sizeof(line), f) != nullptr) {
      std::string text = line;
      if (text.rfind("ready ", 0) == 0) {
        connect_ = text.substr(6, text.find_last_not_of(" \n") - 5);
        break;
      }
    }
    std::fclose(f);
    if (connect_.empty()) {
      throw std::runtime_error("\"" + program + "\" did not start a server");
    }
  }
  ~server() {
    close(in_);
    ::kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  const std::string& connect() const { return connect_; }

private:
  pid_t pid_ = 0;
  int in_ = -1;
  std::string connect_;
};

class demo {
public:
  demo(caf::actor_system& system, djm::node_actor observer) : system_(system), observer_(std::move(observer)) {}

  /// Shows a table when all items run on `nodes` live nodes; false when that does not happen in time.
  bool settles(std::size_t nodes, djm::duration limit, const std::string& what) {
    const auto began = std::chrono::steady_clock::now();
    std::size_t shown = 0;
    while (std::chrono::steady_clock::now() - began < limit) {
      if (auto view = look(system_, observer_)) {
        auto t = count(*view);
        if (t.items > 0 && t.running == t.items && t.held.size() == nodes) {
          auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
          print_table(*view, fmt::format("{} ({} ms until every file was owned and locked)", what, ms.count()));
          return true;
        }
        if (t.running != shown) {
          shown = t.running;
          std::cout << fmt::format("\r  {} of {} files locked   ", t.running, t.items) << std::flush;
        }
      }
      std::this_thread::sleep_for(100ms);
    }
    std::cout << "\nthis did not happen in time: " << what << "\n";
    return false;
  }

private:
  caf::actor_system& system_;
  djm::node_actor observer_;
};

} // namespace

int run_demo(const options& given, const std::string& program) {
  namespace fs = std::filesystem;
  auto o = given;
  const auto scratch = fs::temp_directory_path() / fmt::format("wordcount-demo-{}", getpid());
  fs::create_directories(scratch);
  o.journal = (scratch / "journal").string();
  o.session_timeout = 2s;
  o.detach = 2s;
  int status = 1;
  try {
    std::unique_ptr<server> zk;
    if (o.zookeeper) {
      zk = std::make_unique<server>(o.zk_server);
      o.connect = zk->connect();
      std::cout << "ZooKeeper listens on " << o.connect << "\n";
    }
    caf::actor_system_config config;
    djm::add_error_renderer(config);
    caf::actor_system system{config};
    journal out{o.journal};
    {
      auto watcher = o;
      watcher.id = "observer";
      auto told = inner_node::quiet();
      std::unique_ptr<console> page;
      if (o.console) {
        page = console::open();
        if (!page) {
          throw std::runtime_error("there is no console");
        }
        told.http_url = page->address();
      }
      auto observer = djm::spawn_node(system, node_config_of(watcher), std::move(told));
      if (!observer) {
        throw std::runtime_error(to_string(observer.error()));
      }
      std::map<std::string, std::unique_ptr<participant>> nodes;
      for (const char* id : {"node-1", "node-2", "node-3"}) {
        auto n = o;
        n.id = id;
        if (o.zookeeper) {
          nodes[id] = std::make_unique<process_node>(program, n);
        } else {
          nodes[id] = std::make_unique<inner_node>(system, n, out);
        }
      }
      demo d{system, *observer};
      bool ok = d.settles(3, 15s, "three nodes have started");
      if (ok) {
        std::cout << "\nnode-2 leaves gently ...\n";
        nodes["node-2"]->stop_gently();
        ok = d.settles(2, 10s, "node-2 has left");
      }
      if (ok) {
        std::cout << "\nnode-3 is killed ...\n";
        nodes["node-3"]->kill();
        ok =
          d.settles(1, 15s, "node-3 was killed: session timeout 2 s, then detach tolerance 2 s, then its files move");
      }
      if (ok && page) {
        ok = page->show(system, *observer);
      }
      nodes.clear();
      djm::cx::scoped_actor self{system};
      self->mail(djm::shutdown_node{}).request(*observer, caf::infinite).receive([] {}, [](caf::error&) {});
      status = ok ? 0 : 1;
    }
    system.await_all_actors_done();
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
  }
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  return status;
}

} // namespace wordcount
