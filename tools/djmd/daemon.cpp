#include "tools/djmd/daemon.hpp"

#include <utility>

#include "djm/command_job.hpp"
#include "djm/json.hpp"
#include "tools/djmd/submitted.hpp"

namespace djm::daemon {

namespace {

template <class T>
bool same(const T& a, const T& b) {
  return to_json_text(a) == to_json_text(b);
}

} // namespace

http_config make_http(const http_table& t) {
  http_config c;
  c.address = t.address;
  c.port = t.port;
  c.token_file = t.token_file;
  c.allow_writes = t.allow_writes;
  c.public_url = t.public_url;
  c.hosts = t.hosts;
  c.max_connections = t.max_connections;
  return c;
}

expected<std::unique_ptr<service>> service::start(daemon_file f) {
  std::unique_ptr<service> s{new service{std::move(f)}};
  auto by = launcher::open(make_launcher(s->file_));
  if (!by) {
    return tl::make_unexpected(std::move(by.error()));
  }
  s->launcher_ = std::move(*by);
  node_options options;
  for (const auto& [name, table] : s->file_.job) {
    auto job = command_job::define(make_builder(name, table, s->file_.node.id), make_command(table), s->launcher_);
    if (!job) {
      return tl::make_unexpected(std::move(job.error()));
    }
    options.jobs.push_back(std::move(*job));
  }
  if (s->file_.accept_submitted) {
    options.kinds.push_back(command_kind(s->file_, s->launcher_));
  }
  if (s->file_.on_failure) {
    s->on_failure_ = std::make_shared<failure_hook>(*s->file_.on_failure, s->launcher_);
    options.on_run_over = [hook = s->on_failure_](const past_run& r) { hook->tell(r); };
  }
  std::optional<http_listener> socket;
  if (s->file_.http) {
    auto opened = http_listener::open(make_http(*s->file_.http));
    if (!opened) {
      return tl::make_unexpected(std::move(opened.error()));
    }
    options.http_url = opened->public_url();
    socket.emplace(std::move(*opened));
  }
  auto node = djm::node::start(s->file_.node, std::move(options));
  if (!node) {
    return tl::make_unexpected(std::move(node.error()));
  }
  s->node_.emplace(std::move(*node));
  for (const auto& [name, table] : s->file_.job) {
    if (auto ok = s->begin(name, table); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
  }
  if (socket) {
    http_options shown;
    shown.shown = s->file_.node;
    auto http = http_server::start(*s->node_, std::move(*socket), std::move(shown));
    if (!http) {
      return tl::make_unexpected(std::move(http.error()));
    }
    s->http_.emplace(std::move(*http));
  }
  return s;
}

service::~service() {
  http_.reset();
  node_.reset();
  if (launcher_) {
    launcher_->shutdown();
  }
}

expected<void> service::add(const std::string& name, const job_table& t) {
  auto job = command_job::define(make_builder(name, t, file_.node.id), make_command(t), launcher_);
  if (!job) {
    return tl::make_unexpected(std::move(job.error()));
  }
  auto ok = node_->register_job(std::move(*job));
  return ok ? begin(name, t) : ok;
}

/// What is to run at the start does so as soon as the node holds it.
expected<void> service::begin(const std::string& name, const job_table& t) {
  if (t.at_start) {
    if (auto ok = node_->trigger_here(job_name(name, t, file_.node.id)); !ok) {
      return tl::make_unexpected(std::move(ok.error()));
    }
  }
  return {};
}

std::vector<std::string> service::reload(daemon_file f) {
  std::vector<std::string> told;
  const auto later = [&](bool unchanged, const char* table) {
    if (!unchanged) {
      told.push_back(std::string{"what has changed in ["} + table + "] takes effect with the next start");
    }
  };
  later(same(file_.node, f.node) && file_.node.store.digest == f.node.store.digest, "node");
  later(same(file_.http, f.http), "http");
  later(same(file_.commands, f.commands), "commands");
  later(same(file_.accept_submitted, f.accept_submitted), "accept_submitted");
  later(same(file_.on_failure, f.on_failure), "on_failure");
  const auto attempt = [&](const std::string& name, const char* what, const expected<void>& done) {
    if (!done) {
      told.push_back("job " + name + " could not be " + what + ": " + to_string(done.error()));
    }
    return done.has_value();
  };
  std::map<std::string, job_table> now;
  for (auto& [name, table] : file_.job) {
    const auto i = f.job.find(name);
    if (i != f.job.end() && same(table, i->second)) {
      now.emplace(name, std::move(table));
    } else if (!attempt(name, "ended", node_->unregister_job(job_name(name, table, file_.node.id)))) {
      now.emplace(name, std::move(table));
    }
  }
  for (auto& [name, table] : f.job) {
    if (now.count(name) == 0 && attempt(name, "registered", add(name, table))) {
      now.emplace(name, std::move(table));
    }
  }
  file_.job = std::move(now);
  return told;
}

} // namespace djm::daemon
