// A node in a process of its own, for the tests of real faults: two jobs whose runs last, and a journal of what
// happened.
//
//   fault_node KEY=VALUE...
//
// id, connect, root, journal: as the names say. share: items of the job "share", whose runs take the whole share of the
// node; each: items of the job "each", which has a run per item. period, busy: how often runs start and how long they
// last; obeys: no = runs do not end when they are asked to stop. timeout (T), detach (D), deadline (of an operation).
// Ends at SIGTERM.

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "boot_time.hpp"
#include "djm/node.hpp"
#include "node_journal.hpp"

namespace {

using djm::test::journal_line;
using djm::test::journal_writer;
using kind = journal_line::kind;

std::vector<djm::item_id> numbered(const std::string& prefix, int count) {
  std::vector<djm::item_id> items;
  for (int i = 0; i < count; ++i) {
    items.emplace_back(prefix + std::to_string(i));
  }
  return items;
}

/// Writes down when it begins and ends, and in between lasts a while or until it is asked to stop.
class lasting_job final : public djm::job {
public:
  lasting_job(std::vector<djm::item_id> items, djm::duration busy, bool obeys, journal_writer& out)
    : items_(std::move(items)), busy_(busy), obeys_(obeys), out_(out) {}

  std::vector<djm::item_id> work_pool() override { return items_; }

  void run(djm::job_context& ctx) override {
    static std::atomic<std::uint64_t> count{0};
    journal_line line;
    line.what = kind::run;
    line.run = ++count; // the runs of all jobs of this process
    line.job = ctx.job();
    line.items = ctx.items();
    out_.write(line);
    if (obeys_) {
      ctx.sleep(busy_);
    } else {
      std::mutex guard;
      std::unique_lock<std::mutex> lock{guard};
      std::condition_variable{}.wait_for(lock, busy_, [] { return false; });
    }
    line.what = kind::done;
    line.items.clear();
    out_.write(line);
  }

private:
  std::vector<djm::item_id> items_;
  djm::duration busy_;
  bool obeys_;
  journal_writer& out_;
};

struct event_writer {
  journal_writer& out;

  void operator()(const djm::items_granted& e) { put(kind::granted, e.job, e.items); }
  void operator()(const djm::items_revoked& e) {
    std::vector<djm::work_item> items;
    for (const auto& id : e.items) {
      items.push_back({id, 0});
    }
    put(kind::revoked, e.job, std::move(items));
  }
  void operator()(const djm::run_started& e) { put(kind::started, e.job, e.items, {}, e.run); }
  void operator()(const djm::run_failed& e) { put(kind::failed, e.job, {}, e.what); }
  void operator()(const djm::run_overrun& e) { put(kind::problem, e.job, {}, "overrun"); }
  void operator()(const djm::problem& e) { put(kind::problem, {}, {}, to_string(e.why)); }
  void operator()(const djm::connection_changed& e) { put(kind::problem, {}, {}, to_string(e.state)); }
  void operator()(const djm::model_changed& e) {
    std::string parts;
    for (const auto part : e.what) {
      parts += (parts.empty() ? "" : " ") + std::string{enum_text(part)};
    }
    put(kind::model, {}, {}, std::move(parts), static_cast<std::uint64_t>(e.epoch));
  }
  template <class Event>
  void operator()(const Event&) {}

private:
  void put(kind what, const djm::job_id& job, std::vector<djm::work_item> items, std::string text = {},
           std::uint64_t run = 0) {
    journal_line line;
    line.what = what;
    line.job = job;
    line.items = std::move(items);
    line.text = std::move(text);
    line.run = run;
    out.write(std::move(line));
  }
};

/// Looks at the node every now and then: its lease, and whether it is calm.
class observer {
public:
  observer(const djm::node& n, journal_writer& out) : thread_([this, &n, &out] { watch(n, out); }) {}
  ~observer() {
    {
      std::lock_guard<std::mutex> lock{guard_};
      over_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

private:
  void watch(const djm::node& n, journal_writer& out) {
    std::int64_t told = 0;
    bool calm = false;
    std::uint64_t locked = 0;
    std::unique_lock<std::mutex> lock{guard_};
    while (!changed_.wait_for(lock, std::chrono::milliseconds{50}, [this] { return over_; })) {
      const auto before = djm::test::boot_us();
      auto st = n.status();
      if (!st) {
        return;
      }
      journal_line line;
      if (st->worker.lease_left) {
        line.what = kind::lease;
        line.until = before + std::chrono::duration_cast<std::chrono::microseconds>(*st->worker.lease_left).count();
        // What is left is measured a little later than `before`: the same deadline looks a little different each time.
        if (line.until > told + 20'000) {
          told = line.until;
          out.write(line);
        }
      }
      const bool now_calm = st->worker.joined && st->worker.settled;
      if (now_calm != calm || st->worker.locked != locked) {
        calm = now_calm;
        locked = st->worker.locked;
        line.what = calm ? kind::calm : kind::busy;
        line.count = locked;
        out.write(line);
      }
    }
  }

  std::mutex guard_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

djm::duration span(const std::string& text) {
  return djm::parse_duration(text).value();
}

int run(std::map<std::string, std::string> o) {
  djm::node_config c;
  c.id = djm::node_id{o.at("id")};
  c.store.connect = o.at("connect");
  c.store.root = o.at("root");
  c.store.session_timeout = span(o.at("timeout"));
  c.store.operation_deadline = span(o.at("deadline"));
  c.detach_tolerance = span(o.at("detach"));
  c.stop_grace = std::chrono::milliseconds{300};
  c.stop_timeout = std::chrono::seconds{10};
  c.sweep_period = std::chrono::seconds{5};
  c.max_threads = 256;
  journal_writer out{o.at("journal")};
  djm::node_options options;
  options.log = djm::stderr_log(djm::log_level::warning);
  options.on_event = [&out](const djm::node_event& e) { std::visit(event_writer{out}, e.what); };
  auto node = djm::node::start(c, std::move(options));
  if (!node) {
    std::fprintf(stderr, "%s\n", to_string(node.error()).c_str());
    return 2;
  }
  journal_line hello;
  hello.what = kind::hello;
  hello.text = node->status().value().connection.incarnation;
  out.write(hello);
  observer watching{*node, out};
  for (const char* name : {"share", "each"}) {
    djm::job_definition d;
    d.spec.id = djm::job_id{name};
    d.spec.schedule = djm::schedule::fixed_rate(span(o.at("period")));
    d.spec.mode = d.spec.id == "each" ? djm::running_mode::thread_per_item : djm::running_mode::single_thread;
    d.code = std::make_shared<lasting_job>(numbered("i", std::stoi(o.at(name))), span(o.at("busy")),
                                           o.at("obeys") == "yes", out);
    if (auto ok = node->register_job(d); !ok) {
      std::fprintf(stderr, "%s\n", to_string(ok.error()).c_str());
      return 2;
    }
  }
  auto end = node->run_until_signal();
  if (!end) {
    std::fprintf(stderr, "%s\n", to_string(end.error()).c_str());
  }
  return end ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{{"share", "30"},    {"each", "10"},    {"period", "200ms"},
                                             {"busy", "100ms"},  {"timeout", "2s"}, {"detach", "2s"},
                                             {"deadline", "1s"}, {"obeys", "yes"}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      std::fprintf(stderr, "fault_node: \"%s\" is not KEY=VALUE\n", word.c_str());
      return 2;
    }
    options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  try {
    return run(std::move(options));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fault_node: %s\n", e.what());
    return 2;
  }
}
