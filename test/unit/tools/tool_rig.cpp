#include "tool_rig.hpp"

#include <stdexcept>

#include "actors/sessions/shared_sessions.hpp"
#include "zkstore/tree/job_records.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm::test {

namespace {

const store::tree_schema schema{"/djm"};

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

tool_rig::tool_rig() : sessions_(shared_sessions("embedded").value()) {
  session_ = std::make_unique<port_client>(*sessions_, store::session_options{});
  put("/djm");
  put(schema.format(), store::encode(store::format_payload{}));
  for (const auto& folder : {schema.alive(), schema.latches(), schema.workers(), schema.marks(), schema.jobs(),
                             schema.locks(), schema.states(), schema.refusals()}) {
    put(folder);
  }
  put(schema.pools(), store::encode(store::pools_payload{}));
  for (const auto& version :
       {schema.pool_version(), schema.worker_version(), schema.assignment_version(), schema.jobs_version()}) {
    put(version, store::encode(store::version_payload{"test"}));
  }
}

told tool_rig::run(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--store", "embedded"});
  return run_bare(std::move(arguments));
}

told tool_rig::run_bare(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  std::istringstream in{typed};
  tool::context io{out, err, in, [this](const char* name) {
                     const auto i = environment.find(name);
                     return i == environment.end() ? std::string{} : i->second;
                   }};
  io.terminal = terminal;
  io.columns = columns;
  io.can_ask = can_ask;
  io.now = [] { return now_ms; };
  int look = 0;
  io.pause = [&](duration) {
    ++look;
    if (between && look < looks) {
      between(look);
    }
    return look < looks;
  };
  const auto code = tool::run_djm(std::move(arguments), io);
  return {code, out.str(), err.str()};
}

void tool_rig::put(const std::string& path, const std::string& data) {
  if (path != "/" && !has(parent_of(path))) {
    put(parent_of(path));
  }
  const bool there = has(path);
  const auto done = session_->transact(
    {there ? store::write_op{store::set_op{path, data}} : store::write_op{store::create_op{path, data}}});
  if (done.code != store::rc::ok) {
    throw std::runtime_error("put " + path + ": " + to_string(done.code));
  }
}

void tool_rig::erase(const std::string& path) {
  for (const auto& child : session_->read(store::children(path)).read.children) {
    erase(path + "/" + child);
  }
  (void) session_->transact({store::remove_op{path}});
}

bool tool_rig::has(const std::string& path) {
  return session_->read(store::exists(path)).code == store::rc::ok;
}

std::string tool_rig::data(const std::string& path) {
  return session_->read(store::get(path)).read.data;
}

tree_hands tool_rig::hands() {
  return {[this](const std::string& p, const std::string& d) { put(p, d); },
          [this](const std::string& p) { erase(p); }};
}

void tool_rig::enlist(const node_id& worker, const std::vector<job_id>& jobs, bool alive, const std::string& http_url) {
  store::worker_payload w;
  w.incarnation = "life" + worker;
  w.detach_ms = 1000;
  put(schema.worker(worker), store::encode(w));
  put(schema.available(worker));
  for (const auto& job : jobs) {
    put(schema.available(worker, job));
  }
  put(schema.assigned(worker), store::encode(store::assigned_payload{w.incarnation, 1}));
  if (alive) {
    store::alive_payload a;
    a.incarnation = w.incarnation;
    a.host = "host-" + worker;
    a.pid = 42;
    a.http_url = http_url;
    a.started_at_ms = now_ms - 90'000;
    (void) session_->transact(
      {store::create_op{schema.alive(worker), store::encode(a), store::create_mode::ephemeral}});
  }
}

void tool_rig::add_job(const job_id& job, const std::vector<item_id>& items, const std::string& strategy) {
  store::pool_payload p;
  p.attributes.strategy = strategy;
  put(schema.pool(job), store::encode(p));
  for (const auto& item : items) {
    put(schema.pool(job, item));
  }
}

void tool_rig::add_record(const job_spec& spec) {
  put(schema.job(spec.id), store::encode(store::first_record(*store::to_offer(spec), nullptr)));
}

void tool_rig::assign(const node_id& worker, const job_id& job, const std::vector<item_id>& items) {
  for (const auto& item : items) {
    put(schema.assigned(worker, job, item));
  }
}

void tool_rig::lock(const node_id& worker, const job_id& job, const item_id& item) {
  store::lock_payload p;
  p.worker = worker;
  p.incarnation = "life" + worker;
  p.detach_ms = 1000;
  p.acquired_at_ms = now_ms - 60'000;
  put(schema.lock(job, item), store::encode(p));
}

void tool_rig::stand(const node_id& worker) {
  (void) session_->transact(
    {store::create_op{schema.latch_prefix(worker, "life" + worker), {}, store::create_mode::ephemeral_sequential}});
}

} // namespace djm::test
