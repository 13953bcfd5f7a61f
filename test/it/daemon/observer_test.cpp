#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>

#include <unistd.h>

#include "observer.hpp"
#include "shared_server.hpp"
#include "support.hpp"

using namespace djm::test;

/// Line by line what "no two runs of an item overlap" means for commands: an observer holds all their processes.

namespace {

enum class harm { node_killed, node_stopped, stopped_while_leaving, helper_killed, helper_stopped };
constexpr const char* harm_names[] = {"node killed", "node stopped", "node stopped while it leaves", "helper killed",
                                      "helper stopped"};

std::string of_rank(int rank) {
  static constexpr const char* names[] = {"subreaper", "pidns", "cgroup"};
  return names[rank];
}

/// The observer with its socket, and what all duels share.
struct scene {
  daemon_rig rig;
  observer sees{rig.path("observer").string()};
  std::string connect = shared_server().connect_string();
  std::mt19937 dice;
  std::int64_t least_gap = INT64_MAX;
};

struct duel_options {
  harm what = harm::node_killed;
  int rank = 0;
  std::chrono::milliseconds tolerance{0};
  int items = 1;
  int memory_mb = 0;
};

/// Two nodes, one job; harm is done to the node that has its first item, and the other one goes on.
class duel {
public:
  duel(scene& in, duel_options how, int number)
    : in_(in), how_(how), job_("job" + std::to_string(number)), root_(fresh_path()) {
    for (int i = 0; i < how_.items; ++i) {
      items_.push_back(job_ + "-" + std::to_string(i));
    }
    for (const std::string side : {"a", "b"}) {
      names_.push_back(job_ + side);
      nodes_.push_back(in_.rig.start({write(names_.back())}, names_.back() + ".txt"));
    }
  }

  std::string text() const {
    return std::string{harm_names[static_cast<int>(how_.what)]} + ", " + of_rank(how_.rank) +
           ", D = " + std::to_string(how_.tolerance.count()) + " ms, " + std::to_string(how_.items) + " items";
  }

  /// False where this machine does not have the rank.
  bool begins() {
    bool offered = true;
    const bool ready = comes_true(
      [&] {
        offered = nodes_[0].running();
        return !offered || std::all_of(items_.begin(), items_.end(), [&](const std::string& item) {
          const auto all = in_.sees.starts(item);
          return !all.empty() && all.back().processes == 4;
        });
      },
      300s);
    if (!offered) {
      CHECK_MESSAGE(content_of(in_.rig.path(names_[0] + ".txt")).find("this machine holds commands by") !=
                      std::string::npos,
                    content_of(in_.rig.path(names_[0] + ".txt")));
      return false;
    }
    CHECK_MESSAGE(ready, (text() + ": not all commands have begun"));
    const auto first = in_.sees.starts(items_[0]).back();
    harmed_ = first.node == names_[0] ? 0 : 1;
    for (const auto& item : items_) {
      before_[item] = in_.sees.starts(item).size();
    }
    return true;
  }

  void harm_it() {
    auto& node = nodes_[harmed_];
    switch (how_.what) {
    case harm::node_killed: node.kill(); break;
    case harm::node_stopped: node.pause(); break;
    case harm::stopped_while_leaving:
      node.signal(SIGTERM);
      node.signal(SIGTERM);
      poll(nullptr, 0, static_cast<int>(in_.dice() % 400)); // milliseconds: anywhere on its way out
      if (node.running()) {
        node.pause();
      }
      break;
    case harm::helper_killed:
    case harm::helper_stopped:
      for (const auto pid : helpers()) {
        ::kill(pid, how_.what == harm::helper_killed ? SIGKILL : SIGSTOP);
      }
      node.signal(SIGTERM); // it gives its items back, and its commands do not hear that
      break;
    }
  }

  /// Whether the other node has begun with every item that the first one had.
  bool goes_on() {
    const auto& other = names_[1 - harmed_];
    return comes_true(
      [&] {
        return std::all_of(items_.begin(), items_.end(), [&](const std::string& item) {
          const auto all = in_.sees.starts(item);
          return all.back().node == other && all.back().processes == 4;
        });
      },
      300s);
  }

  void conclude() {
    const bool on = goes_on();
    CHECK_MESSAGE(on, (text() + ": the other node has not gone on"));
    std::int64_t gap = INT64_MAX;
    for (const auto& item : items_) {
      const auto all = in_.sees.starts(item);
      for (auto i = before_[item]; i < all.size(); ++i) {
        gap = std::min(gap, all[i].began - all[i].last_exit);
      }
    }
    in_.least_gap = std::min(in_.least_gap, gap);
    std::printf("figure: commands \"%s\": the next start %.3f s after the last exit\n", text().c_str(),
                static_cast<double>(gap) / 1e9);
    nodes_[harmed_].resume(); // it finds out, and starts nothing beside the other one
  }

  void end() {
    for (auto& node : nodes_) {
      if (node.running()) {
        node.resume();
        node.signal(SIGTERM);
        node.signal(SIGTERM);
      }
    }
  }
  void await_end() {
    for (auto& node : nodes_) {
      CHECK(node.wait(120s).has_value());
    }
  }

private:
  std::string write(const std::string& id) const {
    std::string items;
    for (const auto& item : items_) {
      items += (items.empty() ? "\"" : ", \"") + item + "\"";
    }
    const auto file = in_.rig.path(id + ".toml");
    std::ofstream{file} << "[node]\nid = \"" << id << "\"\nstop_grace = \"400ms\"\ndetach_tolerance = \""
                        << how_.tolerance.count() << "ms\"\n[node.store]\nconnect = \"" << in_.connect
                        << "\"\nroot = \"" << root_
                        << "\"\nsession_timeout = \"4s\"\noperation_deadline = \"500ms\"\n[commands]\nhelper = \""
                        << DJM_RUN << "\"\nkill_reserve = \"300ms\"\nleast = \"" << of_rank(how_.rank)
                        << "\"\nmost = \"" << of_rank(how_.rank) << "\"\n[job." << job_ << "]\nitems = [" << items
                        << "]\nevery = \"50ms\"\nstop_grace = \"100ms\"\nprogram = [\"" << OBSERVED_COMMAND << "\", \""
                        << in_.rig.path("observer").string() << "\", \"" << how_.memory_mb << "\"]\n";
    return file.string();
  }

  /// Those of the harmed node.
  std::vector<pid_t> helpers() const {
    std::vector<pid_t> all;
    const auto tasks = "/proc/" + std::to_string(nodes_[harmed_].pid()) + "/task";
    for (const auto& task : std::filesystem::directory_iterator{tasks}) {
      std::ifstream in{task.path() / "children"};
      for (pid_t pid = 0; in >> pid;) {
        if (content_of("/proc/" + std::to_string(pid) + "/cmdline").find(job_ + "/") != std::string::npos) {
          all.push_back(pid);
        }
      }
    }
    CHECK_FALSE(all.empty());
    return all;
  }

  scene& in_;
  const duel_options how_;
  const std::string job_, root_;
  std::vector<std::string> items_, names_;
  std::vector<child_process> nodes_;
  std::size_t harmed_ = 0;
  std::map<std::string, std::size_t> before_;
};

/// All of them at the same time.
void fight(scene& s, const std::vector<duel_options>& all) {
  static int number = 0;
  std::vector<std::unique_ptr<duel>> duels;
  for (const auto& how : all) {
    duels.push_back(std::make_unique<duel>(s, how, ++number));
  }
  for (auto& d : duels) {
    if (!d->begins()) {
      MESSAGE("not on this machine: ", d->text());
      d.reset();
    }
  }
  const auto each = [&](void (duel::*f)()) {
    for (auto& d : duels) {
      if (d) {
        ((*d).*f)();
      }
    }
  };
  each(&duel::harm_it);
  each(&duel::conclude);
  each(&duel::end);
  each(&duel::await_end);
  CHECK(comes_true([&] { return s.sees.alive() == 0; }, 120s));
  for (const auto& fault : s.sees.faults()) {
    FAIL_CHECK(fault);
  }
}

} // namespace

TEST_CASE(
  "commands: whatever is done to node or helper, all processes are dead before another node starts the next one") {
  scene s;
  std::vector<duel_options> all;
  int n = 0;
  for (const auto what : {harm::node_killed, harm::node_stopped, harm::stopped_while_leaving, harm::helper_killed,
                          harm::helper_stopped}) {
    for (const int rank : {n % 3, (n + 1) % 3}) {
      all.push_back({what, rank, std::chrono::milliseconds{n % 2 == rank % 2 ? 0 : 2000}});
    }
    ++n;
  }
  fight(s, {all.begin(), all.begin() + 5});
  fight(s, {all.begin() + 5, all.end()});
}

/// Fifty rounds: each harm at each rank, at D = 0 and D = 15 s, one with 200 processes, one with 3 GiB of memory.
TEST_CASE("commands, fifty rounds: next start - last exit > 0" * doctest::skip()) {
  scene s;
  const char* seed = std::getenv("DJM_FAULTS_SEED");
  const auto number =
    seed != nullptr && *seed != '\0' ? static_cast<unsigned>(std::strtoul(seed, nullptr, 10)) : std::random_device{}();
  s.dice.seed(number);
  std::printf("figure: commands, fifty rounds: seed %u\n", number);
  std::vector<duel_options> all;
  for (int round = 0; all.size() < 50; ++round) {
    for (const auto what : {harm::node_killed, harm::node_stopped, harm::stopped_while_leaving, harm::helper_killed,
                            harm::helper_stopped}) {
      all.push_back({what, round % 3, std::chrono::seconds{round % 2 == 0 ? 0 : 15}});
    }
  }
  all[10].items = all[25].items = 50; // four processes each
  all[16].memory_mb = all[32].memory_mb = 3 * 1024;
  for (std::size_t i = 0; i < all.size(); i += 5) {
    fight(s, {all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(i + 5)});
  }
  std::printf("figure: commands, fifty rounds: least next - last %.3f s\n", static_cast<double>(s.least_gap) / 1e9);
  CHECK(s.least_gap > 0);
}
