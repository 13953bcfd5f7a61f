#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "test/sim/crash_report.hpp"
#include "test/sim/scenario.hpp"
#include "test/sim/unreached.hpp"

/// The simulator's command: runs seeds, says what they covered, replays the one that failed.
namespace {

using namespace djm::sim;

struct arguments {
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  std::vector<profile> profiles{profile::chaos};
  std::optional<std::uint64_t> replay;
  unsigned jobs = 1;
  bool verbose = false;
  bool twice = false;
  bool keep_going = false;
  bool figure = false;
  std::string only;
  std::optional<bool> outsider;
  bool short_room = false;
  bool remember = false;
};

constexpr const char* usage = R"(usage: djm_sim [OPTION...]
  --seeds N       so many seeds (of each profile); default 100
  --from S        the first seed; default 1
  --profile P     calm, chaos, churn, partition, scale, several with commas between, or all; default chaos
  --replay SEED   this seed alone, with everything that happens
  --only FAULT    nothing but this fault
  --outsider      somebody outside gives orders in every seed; --no-outsider: in none
  --remember      in seeds of the profile calendar the store remembers the slots of some jobs
  --short-room    in every seed workers have a capacity, and jobs of three priorities want more than there is
  --jobs N        so many threads, each with worlds of its own; default 1
  --twice         run every seed twice and compare the traces
  --keep-going    do not stop at the first failure
  --figure        begin the last line with "figure:", for reports
  --verbose       the coverage tables; with --replay every message between actors
)";

[[noreturn]] void fail(const std::string& why) {
  std::cerr << "djm_sim: " << why << '\n' << usage;
  std::exit(2);
}

std::uint64_t number(const std::string& option, const std::string& text) {
  try {
    std::size_t used = 0;
    const auto n = std::stoull(text, &used);
    if (used == text.size() && text.front() != '-') {
      return n;
    }
  } catch (const std::exception&) {
  }
  fail(option + " wants a number, not \"" + text + '"');
}

std::vector<profile> profiles(const std::string& names) {
  if (names == "all") {
    return {profile::calm, profile::chaos, profile::churn, profile::partition, profile::scale};
  }
  std::vector<profile> result;
  std::istringstream list{names};
  for (std::string name; std::getline(list, name, ',');) {
    const auto p = djm::enum_value<profile>(name);
    if (!p) {
      fail("there is no profile \"" + name + '"');
    }
    result.push_back(*p);
  }
  if (result.empty()) {
    fail("--profile wants a name");
  }
  return result;
}

arguments parse(int argc, char** argv) {
  arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) {
        fail(option + " wants a value");
      }
      return argv[i];
    };
    if (option == "--seeds") {
      a.seeds = number(option, value());
    } else if (option == "--from") {
      a.from = number(option, value());
    } else if (option == "--profile") {
      a.profiles = profiles(value());
    } else if (option == "--replay") {
      a.replay = number(option, value());
    } else if (option == "--only") {
      a.only = value();
    } else if (option == "--jobs") {
      a.jobs = static_cast<unsigned>(std::max<std::uint64_t>(1, number(option, value())));
    } else if (option == "--twice") {
      a.twice = true;
    } else if (option == "--keep-going") {
      a.keep_going = true;
    } else if (option == "--figure") {
      a.figure = true;
    } else if (option == "--outsider" || option == "--no-outsider") {
      a.outsider = option == "--outsider";
    } else if (option == "--remember") {
      a.remember = true;
    } else if (option == "--short-room") {
      a.short_room = true;
    } else if (option == "--verbose") {
      a.verbose = true;
    } else if (option == "--help") {
      std::cout << usage;
      std::exit(0);
    } else {
      fail("unknown option \"" + option + '"');
    }
  }
  return a;
}

int replay(const arguments& a) {
  scenario_options o;
  o.seed = *a.replay;
  o.kind = a.profiles.front();
  o.only = a.only;
  o.outsider = a.outsider;
  o.short_room = a.short_room;
  o.remember = a.remember;
  o.trace = true;
  o.trace_messages = a.verbose;
  const auto r = run_scenario(o);
  for (const auto& line : r.trace) {
    std::cout << line << '\n';
  }
  std::cout << (r.violations.empty() ? "no violation\n" : describe_failure(o, r, 0));
  std::cout << fmt::format("trace hash {:016x}, {} steps\n", r.trace_hash, r.steps);
  return r.violations.empty() ? 0 : 1;
}

class campaign {
public:
  explicit campaign(const arguments& a) : args_(a) {}

  int run() {
    const auto start = std::chrono::steady_clock::now();
    const auto cpu_start = std::clock();
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < args_.jobs; ++i) {
      threads.emplace_back([this] { work(); });
    }
    work();
    for (auto& t : threads) {
      t.join();
    }
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    const auto unreached = examine(coverage_);
    if (args_.verbose) {
      std::cout << coverage_.table() << pairs_of(coverage_).text() << unreached.text();
    } else if (!unreached.sound()) {
      std::cout << unreached.text();
    }
    std::cout << fmt::format(
      "{}{} seeds, {} failed, {} steps, {} runs, {:.1f} s, {:.1f} seeds/s, {:.1f} seeds per second "
      "of one core, {:.0f} virtual minutes per minute of one core\n",
      args_.figure ? "figure: " + profile_names() + ": " : "", done_, failed_, steps_, runs_, took,
      static_cast<double>(done_) / took, static_cast<double>(done_) / cpu, simulated_ / cpu);
    for (const auto& [name, n] : invariants_) {
      std::cout << fmt::format("  {}: {} seeds\n", name, n);
    }
    return failed_ == 0 && unreached.sound() ? 0 : 1;
  }

private:
  std::string profile_names() const {
    std::string names;
    for (const auto p : args_.profiles) {
      names += (names.empty() ? "" : ",") + std::string{djm::enum_text(p)};
    }
    return names;
  }

  void work() {
    const auto total = args_.seeds * args_.profiles.size();
    for (;;) {
      const auto n = next_++;
      if (n >= total || stop_) {
        return;
      }
      scenario_options o;
      o.seed = args_.from + n / args_.profiles.size();
      o.kind = args_.profiles[n % args_.profiles.size()];
      o.only = args_.only;
      o.outsider = args_.outsider;
      o.short_room = args_.short_room;
      o.remember = args_.remember;
      crash_context(o.seed, djm::enum_text(o.kind));
      auto r = run_scenario(o);
      if (args_.twice) {
        const auto again = run_scenario(o);
        if (again.trace_hash != r.trace_hash) {
          r.violations.push_back(
            {"determinism", {}, fmt::format("trace hash {:016x}, then {:016x}", r.trace_hash, again.trace_hash)});
        }
      }
      std::string failure;
      if (!r.violations.empty()) {
        o.trace = true;
        auto traced = run_scenario(o);
        failure = describe_failure(o, traced.violations.empty() ? r : traced);
      }
      const std::lock_guard guard{mutex_};
      ++done_;
      steps_ += r.steps;
      runs_ += r.runs;
      simulated_ += std::chrono::duration<double>(r.simulated).count();
      coverage_.add(r.coverage);
      if (!r.violations.empty()) {
        ++failed_;
        ++invariants_[r.violations.front().invariant];
        if (failed_ == 1 || !args_.keep_going) {
          std::cout << failure << std::flush;
        } else {
          std::cout << fmt::format("seed {} profile {}: {} {}\n", o.seed, djm::enum_text(o.kind),
                                   r.violations.front().invariant, r.violations.front().text)
                    << std::flush;
        }
        stop_ = !args_.keep_going;
      }
      if (done_ % 500 == 0) {
        std::cout << fmt::format("{} of {} seeds, {} failed\n", done_, total, failed_) << std::flush;
      }
    }
  }

  const arguments& args_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::uint64_t done_ = 0, failed_ = 0, steps_ = 0, runs_ = 0;
  double simulated_ = 0;
  coverage coverage_;
  std::map<std::string, std::uint64_t> invariants_;
};

} // namespace

int main(int argc, char** argv) {
  const auto a = parse(argc, argv);
  report_crashes();
  return a.replay ? replay(a) : campaign{a}.run();
}
