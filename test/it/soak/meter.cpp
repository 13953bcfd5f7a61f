#include "meter.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace djm::test {

namespace {

std::int64_t resident_kib() {
  std::ifstream in{"/proc/self/statm"};
  std::int64_t total = 0;
  std::int64_t resident = 0;
  in >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

std::int64_t heap_kib() {
  const auto m = ::mallinfo2();
  return static_cast<std::int64_t>((m.uordblks + m.hblkhd) / 1024);
}

/// A number of the server's `mntr` answer; -1 when it is not there.
std::int64_t monitored(const std::string& answer, const std::string& key) {
  const auto at = answer.find(key + '\t');
  return at == std::string::npos ? -1 : std::stoll(answer.substr(at + key.size() + 1));
}

using member = std::int64_t reading::*;

std::vector<std::int64_t> sorted(const std::vector<reading>& all, std::size_t from, std::size_t count, member m) {
  std::vector<std::int64_t> values;
  for (std::size_t i = from; i < from + count; ++i) {
    values.push_back(all[i].*m);
  }
  std::sort(values.begin(), values.end());
  return values;
}

std::int64_t median(const std::vector<reading>& all, std::size_t from, std::size_t count, member m) {
  return sorted(all, from, count, m)[count / 2];
}

/// What has leaked is there in every reading; a folder or a thread that is just going is not.
std::int64_t least(const std::vector<reading>& all, std::size_t from, std::size_t count, member m) {
  return sorted(all, from, count, m).front();
}

} // namespace

reading read_all(double minute, zookeeper_server& server, const std::string& root, const std::vector<node>& nodes) {
  reading r;
  r.minute = minute;
  for (const auto& [path, stat] : snapshot(server.connect_string(), root)) {
    constexpr std::string_view end = ".lock";
    r.locks += path.size() > end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0 ? 1 : 0;
  }
  for (const auto& n : nodes) {
    if (auto st = n.status()) {
      r.watch_bytes += static_cast<std::int64_t>(st->store.watch_bytes);
      r.sessions += static_cast<std::int64_t>(st->store.sessions);
      r.locked += st->worker.locked;
      for (const auto& j : st->jobs) {
        r.runs += static_cast<std::int64_t>(j.counters.started);
      }
    }
  }
  const auto answer = server.command("mntr").value_or("");
  r.znodes = monitored(answer, "zk_znode_count");
  r.watches = monitored(answer, "zk_watch_count");
  r.connections = monitored(answer, "zk_num_alive_connections");
  r.threads = static_cast<std::int64_t>(thread_count());
  r.descriptors = static_cast<std::int64_t>(descriptor_count());
  // Every thread that ever allocated may have left free memory in an arena.
  ::malloc_trim(0);
  r.heap = heap_kib();
  r.resident = resident_kib();
  return r;
}

std::string table_head() {
  return fmt::format("{:>6} {:>9} {:>8} {:>7} {:>5} {:>7} {:>7} {:>9} {:>6} {:>6} {:>8} {:>9} {:>5}", "minute",
                     "RSS KiB", "heap KiB", "threads", "fds", "znodes", "watches", "watched B", "locks", "locked",
                     "sessions", "runs", "conns");
}

std::string table_line(const reading& r) {
  return fmt::format("{:>6.1f} {:>9} {:>8} {:>7} {:>5} {:>7} {:>7} {:>9} {:>6} {:>6} {:>8} {:>9} {:>5}", r.minute,
                     r.resident, r.heap, r.threads, r.descriptors, r.znodes, r.watches, r.watch_bytes, r.locks,
                     r.locked, r.sessions, r.runs, r.connections);
}

std::string verdicts(const std::vector<reading>& readings, double warm_up, bool judge_memory, bool& ok) {
  std::size_t first = 0;
  while (first < readings.size() && readings[first].minute < warm_up) {
    ++first;
  }
  const auto count = std::min<std::size_t>(3, readings.size() - first);
  ok = count > 0;
  if (!ok) {
    return "no readings after the warm-up\n";
  }
  const auto last = readings.size() - count;
  std::string out;
  const auto before = median(readings, first, count, &reading::resident);
  const auto after = median(readings, last, count, &reading::resident);
  const auto growth = 100.0 * static_cast<double>(after - before) / static_cast<double>(before);
  const auto judged = [&](bool good) {
    ok = ok && good;
    return good ? "[OK] " : "[ERR]";
  };
  out +=
    fmt::format("{} resident memory: {:+.2f} % from minute {:.1f} to {:.1f} (at most 2 %)\n",
                judge_memory ? judged(growth <= 2.0) : "[--] ", growth, readings[first].minute, readings.back().minute);
  const std::pair<const char*, member> counted[] = {{"threads", &reading::threads},
                                                    {"descriptors", &reading::descriptors},
                                                    {"znodes", &reading::znodes},
                                                    {"watches", &reading::watches},
                                                    {"bytes of watched paths", &reading::watch_bytes},
                                                    {"connections", &reading::connections}};
  for (const auto& [name, m] : counted) {
    const auto leaked = least(readings, last, count, m) - least(readings, first, count, m);
    out += fmt::format("{} {}: {} leaked\n", judged(leaked <= 0), name, std::max<std::int64_t>(leaked, 0));
  }
  const auto& r = readings.back();
  out += fmt::format("{} locks: {} in the tree, {} of them known to their nodes\n", judged(r.locks == r.locked),
                     r.locks, r.locked);
  return out;
}

} // namespace djm::test
