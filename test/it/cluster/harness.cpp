#include "harness.hpp"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stdexcept>

#include "port_client.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm::test {

void let_pass(milliseconds span) {
  std::mutex m;
  std::condition_variable never;
  std::unique_lock<std::mutex> lock{m};
  never.wait_for(lock, span, [] { return false; });
}

bool eventually(const std::function<bool()>& done, milliseconds limit) {
  const auto end = clock::now() + limit;
  while (!done()) {
    if (clock::now() >= end) {
      return false;
    }
    let_pass(milliseconds{20});
  }
  return true;
}

milliseconds since(clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(clock::now() - begin);
}

node_config quick_config(const node_id& id, const std::string& connect, const std::string& root) {
  node_config c;
  c.id = id;
  c.store.connect = connect;
  c.store.root = root;
  c.store.session_timeout = std::chrono::seconds{2};
  c.store.operation_deadline = std::chrono::seconds{1};
  c.detach_tolerance = std::chrono::seconds{2};
  c.stop_grace = milliseconds{300};
  c.stop_timeout = std::chrono::seconds{10};
  c.sweep_period = std::chrono::seconds{5};
  return c;
}

node start_node(node_config config, std::function<void(const node_event&)> on_event) {
  node_options o;
  o.log = stderr_log(log_level::error);
  o.on_event = std::move(on_event);
  auto n = node::start(std::move(config), std::move(o));
  if (!n) {
    throw std::runtime_error(to_string(n.error()));
  }
  return std::move(*n);
}

void counting_job::run(job_context& ctx) {
  ++runs_;
  item_runs_ += ctx.items().size();
}

std::vector<item_id> numbered(const std::string& prefix, std::size_t count) {
  std::vector<item_id> items;
  items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    items.emplace_back(prefix + std::to_string(i));
  }
  return items;
}

job_definition counting(const job_id& id, std::shared_ptr<counting_job> code, schedule s) {
  job_definition d;
  d.spec.id = id;
  d.spec.schedule = s;
  d.code = std::move(code);
  return d;
}

bool all_locked(const cluster_view& view) {
  for (const auto& j : view.jobs) {
    for (const auto& i : j.items) {
      if (i.owner.empty() || i.holder != i.owner) {
        return false;
      }
    }
  }
  return !view.jobs.empty();
}

bool all_ready(const std::vector<node>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const node& n) {
    auto st = n.status();
    return st && st->ready;
  });
}

std::uint32_t locked_items(const std::vector<node>& nodes) {
  std::uint32_t n = 0;
  for (const auto& x : nodes) {
    if (auto st = x.status()) {
      n += st->worker.locked;
    }
  }
  return n;
}

std::map<std::string, store::stat> snapshot(const std::string& connect, const std::string& root) {
  store::zookeeper_factory factory;
  store::session_options options;
  options.servers = connect;
  port_client client{factory, options};
  std::map<std::string, store::stat> found;
  std::vector<std::string> open{root};
  while (!open.empty()) {
    auto path = std::move(open.back());
    open.pop_back();
    auto x = client.read(store::children(path));
    if (x.code != store::rc::ok) {
      continue;
    }
    found[path] = x.read.stat;
    for (const auto& name : x.read.children) {
      open.push_back(path + "/" + name);
    }
  }
  client.close();
  return found;
}

namespace {

std::size_t entries(const char* directory) {
  std::size_t n = 0;
  for (const auto& e : std::filesystem::directory_iterator(directory)) {
    (void) e;
    ++n;
  }
  return n;
}

} // namespace

std::size_t thread_count() {
  return entries("/proc/self/task");
}

std::size_t descriptor_count() {
  return entries("/proc/self/fd");
}

} // namespace djm::test
