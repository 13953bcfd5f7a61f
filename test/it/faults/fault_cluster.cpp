#include "fault_cluster.hpp"

#include <signal.h>

#include <algorithm>
#include <stdexcept>

#include "boot_time.hpp"
#include "port_client.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm::test {

namespace {

using kind = journal_line::kind;
using act_kind = process_story::act::kind;

node_id node_name(std::size_t node) {
  return node_id{"n" + std::to_string(node)};
}

std::vector<item_id> items(int count) {
  return numbered("i", static_cast<std::size_t>(count));
}

std::int64_t us(duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

} // namespace

fault_cluster::fault_cluster(cluster_options options)
  : options_(options), world_(fault_world::instance()), hosts_(options.nodes) {
  story_.root = world_.fresh_root();
  story_.jobs = {{"share", items(options.share)}, {"each", items(options.each)}};
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  story_.wall_minus_boot_us = std::chrono::duration_cast<std::chrono::microseconds>(wall).count() - boot_us();
}

void fault_cluster::start() {
  story_.edges.push_back(boot_us());
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    start_node(i);
  }
  if (!await_whole(std::chrono::seconds{60})) {
    throw std::runtime_error("the cluster does not get ready");
  }
  story_.begin = boot_us();
}

void fault_cluster::start_node(std::size_t node) {
  auto& h = hosts_.at(node);
  if (h.process) {
    kill_node(node); // a gentle stop that is not over: the judge has to know that its runs end here
  }
  const auto journal = (dir_.path() / (std::to_string(incarnations_++) + "-" + node_name(node))).string();
  process_options o;
  o.arguments = {DJM_FAULT_NODE,
                 "id=" + node_name(node),
                 "connect=" + world_.connect_string_of(node, options_.over_proxies),
                 "root=" + story_.root,
                 "journal=" + journal,
                 "share=" + std::to_string(options_.share),
                 "each=" + std::to_string(options_.each),
                 "timeout=" + format_duration(options_.timeout),
                 "detach=" + format_duration(options_.detach),
                 "busy=" + format_duration(options_.busy),
                 std::string{"obeys="} + (options_.obeys ? "yes" : "no")};
  o.network_namespace = world_.namespace_of(node, options_.over_proxies);
  o.error_file = journal + ".log";
  h.process.emplace(o);
  h.paused = false;
  h.story = story_.processes.size();
  process_story p;
  p.node = node_name(node);
  p.detach = options_.detach;
  story_.processes.push_back(std::move(p));
  readers_.emplace_back(journal);
  edge();
}

void fault_cluster::act(std::size_t node, act_kind what, std::int64_t when) {
  story_.processes.at(hosts_.at(node).story).acts.push_back({what, when});
}

std::int64_t fault_cluster::edge() {
  story_.edges.push_back(boot_us());
  return story_.edges.back();
}

void fault_cluster::kill_node(std::size_t node) {
  auto& h = hosts_.at(node);
  act(node, act_kind::died, edge());
  h.process->kill();
  h.process.reset();
}

void fault_cluster::stop_node(std::size_t node) {
  edge();
  hosts_.at(node).process->signal(SIGTERM);
}

void fault_cluster::await_end(std::size_t node) {
  auto& h = hosts_.at(node);
  if (!h.process->wait(std::chrono::seconds{30})) {
    throw std::runtime_error(node_name(node) + " does not end");
  }
  act(node, act_kind::died, edge());
  h.process.reset();
}

void fault_cluster::pause_node(std::size_t node) {
  auto& h = hosts_.at(node);
  edge();
  h.process->pause();
  h.paused = true;
  act(node, act_kind::paused, boot_us());
}

void fault_cluster::resume_node(std::size_t node) {
  auto& h = hosts_.at(node);
  h.process->resume();
  h.paused = false;
  act(node, act_kind::resumed, edge());
}

void fault_cluster::cut_node(std::size_t node) {
  edge();
  hosts_.at(node).cut = true;
  world_.cut_node(node);
}

void fault_cluster::heal_node(std::size_t node) {
  world_.heal_node(node);
  hosts_.at(node).cut = false;
  edge();
}

std::size_t fault_cluster::leader() {
  store::zookeeper_factory factory;
  store::session_options options;
  options.servers = world_.connect_string();
  port_client client{factory, options};
  const auto x = client.read(store::children(store::tree_schema{story_.root}.latches()));
  client.close();
  std::string lowest;
  for (const auto& name : x.read.children) {
    if (lowest.empty() || store::sequence_of(name) < store::sequence_of(lowest)) {
      lowest = name;
    }
  }
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (lowest.rfind(node_name(i) + "-", 0) == 0) {
      return i;
    }
  }
  throw std::runtime_error("nobody leads");
}

void fault_cluster::read() {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    auto more = readers_[i].more();
    auto& lines = story_.processes[i].journal;
    lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
}

std::set<std::string> fault_cluster::items_of(std::size_t node) {
  read();
  std::map<std::string, std::pair<std::int64_t, const process_story*>> latest;
  for (const auto& p : story_.processes) {
    for (const auto& x : p.journal) {
      if (x.what == kind::run) {
        for (const auto& item : x.items) {
          auto& l = latest[x.job + '/' + item.id];
          if (l.first < x.us) {
            l = {x.us, &p};
          }
        }
      }
    }
  }
  std::set<std::string> mine;
  for (const auto& [item, l] : latest) {
    if (l.second->node == node_name(node)) {
      mine.insert(item);
    }
  }
  return mine;
}

std::int64_t fault_cluster::moved(const std::set<std::string>& wanted, std::int64_t since, std::size_t without,
                                  milliseconds limit) {
  std::int64_t last = -1;
  eventually(
    [&] {
      read();
      std::map<std::string, std::int64_t> first;
      for (const auto& p : story_.processes) {
        if (p.node == node_name(without)) {
          continue;
        }
        const auto from = std::upper_bound(p.journal.begin(), p.journal.end(), since,
                                           [](std::int64_t t, const journal_line& x) { return t < x.us; });
        for (auto i = from; i != p.journal.end(); ++i) {
          const auto& x = *i;
          if (x.what == kind::run) {
            for (const auto& item : x.items) {
              const auto name = x.job + '/' + item.id;
              if (wanted.count(name) > 0) {
                auto& f = first.emplace(name, x.us).first->second;
                f = std::min(f, x.us);
              }
            }
          }
        }
      }
      if (first.size() < wanted.size()) {
        return false;
      }
      last = since;
      for (const auto& [item, when] : first) {
        last = std::max(last, when);
      }
      return true;
    },
    limit);
  return last < 0 ? -1 : (last - since) / 1000;
}

std::int64_t fault_cluster::running_since(std::int64_t since, milliseconds limit) {
  std::set<std::string> all;
  for (const auto& [job, list] : story_.jobs) {
    for (const auto& item : list) {
      all.insert(job + '/' + item);
    }
  }
  return moved(all, since, hosts_.size(), limit);
}

double fault_cluster::share_of_time(const std::set<std::string>& items, std::int64_t from, std::int64_t until) {
  read();
  std::map<std::string, std::vector<std::int64_t>> starts;
  for (const auto& p : story_.processes) {
    for (const auto& x : p.journal) {
      if (x.what == kind::run) {
        for (const auto& item : x.items) {
          starts[x.job + '/' + item.id].push_back(x.us);
        }
      }
    }
  }
  constexpr std::int64_t second = 1'000'000;
  std::int64_t ran = 0;
  for (const auto& item : items) {
    auto& times = starts[item];
    std::sort(times.begin(), times.end());
    auto covered = from;
    for (const auto t : times) {
      const auto begin = std::max(t, covered);
      const auto end = std::min(t + second, until);
      if (end > begin) {
        ran += end - begin;
        covered = end;
      }
    }
  }
  return 100.0 * static_cast<double>(ran) /
         static_cast<double>((until - from) * static_cast<std::int64_t>(items.size()));
}

bool fault_cluster::await_whole(milliseconds limit) {
  const auto since = story_.edges.back();
  const auto begin = clock::now();
  // Calm at the same time, and for good: a node that has just lost everything is calm, too.
  const bool calm = eventually(
    [&] {
      read();
      std::uint64_t locked = 0;
      for (const auto& h : hosts_) {
        if (!h.process) {
          continue;
        }
        const auto& lines = story_.processes[h.story].journal;
        const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const journal_line& x) {
          return x.what == kind::calm || x.what == kind::busy;
        });
        if (last == lines.rend() || last->what == kind::busy) {
          return false;
        }
        locked += last->count;
      }
      return locked == item_count();
    },
    limit);
  return calm && running_since(since, std::max(milliseconds{0}, limit - test::since(begin))) >= 0;
}

std::int64_t fault_cluster::last_start(std::size_t node) {
  read();
  std::int64_t last = 0;
  for (const auto& p : story_.processes) {
    for (const auto& x : p.journal) {
      if (p.node == node_name(node) && x.what == kind::run) {
        last = std::max(last, x.us);
      }
    }
  }
  return last;
}

std::size_t fault_cluster::tokens() {
  read();
  std::set<std::pair<std::string, fencing_token>> seen;
  for (const auto& p : story_.processes) {
    for (const auto& x : p.journal) {
      if (x.what == kind::run && x.us > story_.begin) {
        for (const auto& item : x.items) {
          seen.emplace(x.job + '/' + item.id, item.token);
        }
      }
    }
  }
  return seen.size();
}

cluster_story fault_cluster::whole_story() {
  read();
  auto story = story_;
  story.end = boot_us();
  std::vector<std::filesystem::path> logs;
  for (std::size_t i = 0; i < fault_world::servers; ++i) {
    logs.push_back(world_.ensemble()[i].logs());
  }
  story.history = read_transaction_logs(logs);
  return story;
}

std::vector<std::string> fault_cluster::verdict() {
  return judge_story(whole_story(), us(bound()));
}

milliseconds fault_cluster::longest_silence() {
  read();
  auto story = story_;
  story.end = boot_us();
  return milliseconds{test::longest_silence(story) / 1000};
}

std::string fault_cluster::silences() {
  read();
  auto story = story_;
  story.end = boot_us();
  return test::silences(story, us(bound()));
}

milliseconds fault_cluster::bound() const {
  return std::chrono::duration_cast<milliseconds>(options_.timeout + options_.detach) + std::chrono::seconds{3};
}

} // namespace djm::test
