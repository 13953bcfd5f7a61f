// A node in a process of its own, whose jobs run at the slots of calendars that the store remembers, and a journal of
// what became of each slot.
//
//   slots_node KEY=VALUE...
//
// id, connect, root, journal: as the names say. jobs, items: so many jobs, "j0" and so on, that share the items "i0"
// and so on; gap: between two slots of a job, where the slots of all jobs are spread over it. remember: as in
// `slot_rules`; of what was missed every other job catches up on all, the others on the last. busy: how long runs last;
// threads: for them. fails: each so-manieth first attempt fails (0: none). poison: "job/item" whose runs kill the
// process; park: park_item_after. timeout (T), detach (D). Ends at SIGTERM.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/node.hpp"
#include "djm/timetable.hpp"
#include "slot_journal.hpp"

namespace {

using namespace std::chrono_literals;
using djm::test::slot_journal_writer;
using djm::test::slot_line;
using kind = slot_line::kind;
using options = std::map<std::string, std::string>;

slot_line line_of(kind what, const djm::job_id& job, const djm::item_id& item, std::int64_t slot,
                  std::uint32_t attempt) {
  slot_line line;
  line.what = what;
  line.job = job;
  line.item = item;
  line.slot = slot;
  line.attempt = attempt;
  return line;
}

struct event_notes {
  slot_journal_writer& out;

  void operator()(const djm::slots_skipped& e) const {
    auto line = line_of(kind::skipped, e.job, e.item, 0, 0);
    line.count = e.count;
    line.first = e.first;
    line.last = e.last;
    line.text = to_string(e.reason);
    out.write(std::move(line));
  }
  void operator()(const djm::slot_interrupted& e) const {
    auto line = line_of(kind::interrupted, e.job, e.item, e.slot, e.attempt);
    line.text = e.by.str();
    out.write(std::move(line));
  }
  void operator()(const djm::items_parked& e) const {
    for (const auto& item : e.items) {
      if (!e.over) {
        out.write(line_of(kind::parked, e.job, item, 0, 0));
      }
    }
  }
  template <class Event>
  void operator()(const Event&) const {}
};

/// What the runs of all jobs do.
struct work {
  slot_journal_writer& out;
  djm::duration busy{};
  std::int64_t fails = 0;
  std::string poison;

  void operator()(djm::job_context& ctx) const {
    const auto item = ctx.items().front();
    if (!ctx.slot()) {
      throw std::logic_error("a run without a slot");
    }
    auto line = line_of(kind::start, ctx.job(), item.id, djm::slot_id(*ctx.slot()), ctx.attempt());
    line.token = item.token;
    if (const auto missed = ctx.missed(); missed.count > 0) {
      line.count = missed.count;
      line.first = djm::slot_id(*missed.first);
      line.last = djm::slot_id(*missed.last);
    }
    const auto slot = line.slot;
    out.write(line);
    if (ctx.job().str() + '/' + item.id.str() == poison) {
      ::kill(::getpid(), SIGKILL);
    }
    ctx.sleep(busy);
    line.what = kind::end;
    out.write(line);
    const auto number = std::stoll(item.id.str().substr(1)) + slot / 1000;
    if (fails > 0 && ctx.attempt() == 1 && number % fails == 0) {
      throw std::runtime_error("as it was told to");
    }
  }
};

djm::duration span(const std::string& text) {
  return djm::parse_duration(text).value();
}

djm::node_config config_of(const options& o) {
  djm::node_config c;
  c.id = djm::node_id{o.at("id")};
  c.store.connect = o.at("connect");
  c.store.root = o.at("root");
  c.store.session_timeout = span(o.at("timeout"));
  c.store.operation_deadline = 1s;
  c.detach_tolerance = span(o.at("detach"));
  c.stop_grace = 300ms;
  c.stop_timeout = 10s;
  c.sweep_period = 5s;
  c.max_threads = static_cast<std::uint32_t>(std::stoul(o.at("threads")));
  return c;
}

djm::expected<djm::job_definition> job_of(const options& o, int n, const work& f) {
  const auto jobs = std::stoi(o.at("jobs"));
  std::vector<djm::item_id> items;
  for (int i = n; i < std::stoi(o.at("items")); i += jobs) {
    items.emplace_back("i" + std::to_string(i));
  }
  const auto gap = span(o.at("gap"));
  const auto rule = djm::enum_value<djm::slots>(o.at("remember"));
  if (!rule) {
    throw std::runtime_error("remember=" + o.at("remember") + ": no such rule");
  }
  djm::job_builder b{djm::job_id{"j" + std::to_string(n)}};
  b.items(std::move(items)).thread_per_item().at(djm::aligned(gap, gap / jobs * n));
  b.remember(*rule).catch_up(n % 2 == 0 ? djm::catch_up::last : djm::catch_up::all).least_claim_gap(gap);
  b.retry(djm::retry{}.attempts(10).first(500ms).max(1s));
  b.park_item_after(static_cast<std::uint32_t>(std::stoul(o.at("park"))));
  return b.run(f).build();
}

int complain(const djm::error& e) {
  std::fprintf(stderr, "slots_node: %s\n", to_string(e).c_str());
  return 2;
}

int run(const options& o) {
  slot_journal_writer out{o.at("journal")};
  djm::node_options beside;
  beside.log = djm::stderr_log(djm::log_level::warning);
  beside.on_event = [&out](const djm::node_event& e) { std::visit(event_notes{out}, e.what); };
  beside.on_run_over = [&out](const djm::past_run& r) {
    if (r.outcome == djm::run_outcome::dropped) {
      out.write(line_of(kind::dropped, r.job, r.items.front().id, r.slot.value_or(0), r.attempt));
    }
  };
  const work f{out, span(o.at("busy")), std::stoll(o.at("fails")), o.at("poison")};
  for (int n = 0; n < std::stoi(o.at("jobs")); ++n) {
    auto job = job_of(o, n, f);
    if (!job) {
      return complain(job.error());
    }
    beside.jobs.push_back(std::move(*job));
  }
  auto node = djm::node::start(config_of(o), std::move(beside));
  if (!node) {
    return complain(node.error());
  }
  const auto end = node->run_until_signal();
  return end ? 0 : complain(end.error());
}

} // namespace

int main(int argc, char** argv) {
  options o{{"jobs", "1"},     {"items", "10"},   {"gap", "10s"},  {"remember", "tracked"},
            {"busy", "100ms"}, {"threads", "16"}, {"fails", "0"},  {"poison", ""},
            {"park", "0"},     {"timeout", "2s"}, {"detach", "2s"}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      std::fprintf(stderr, "slots_node: \"%s\" is not KEY=VALUE\n", word.c_str());
      return 2;
    }
    o[word.substr(0, equals)] = word.substr(equals + 1);
  }
  try {
    return run(o);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "slots_node: %s\n", e.what());
    return 2;
  }
}
