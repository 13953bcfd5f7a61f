#include "churn.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>

#include "djm/json.hpp"
#include "session_killer.hpp"

namespace djm::test {

namespace {

constexpr std::size_t stays = 3;
constexpr std::size_t base_items = 60;

} // namespace

/// Its pool is whatever all nodes agree on now; some of its runs throw.
class churn::restless_job final : public job {
public:
  explicit restless_job(std::shared_ptr<shared_pool> pool) : pool_(std::move(pool)) {}
  std::vector<item_id> work_pool() override { return numbered("r-", pool_->items); }
  void run(job_context& ctx) override {
    ctx.sleep(milliseconds{20});
    if (++pool_->runs % pool_->throw_every == 0) {
      throw std::runtime_error("every so often");
    }
  }

private:
  std::shared_ptr<shared_pool> pool_;
};

churn::churn(zookeeper_server& server, std::uint64_t seed) : server_(server), random_(seed) {
  for (std::size_t i = 0; i < stays; ++i) {
    nodes_.push_back(start_node(config(node_id{"stays-" + std::to_string(i)})));
    add_jobs(nodes_.back());
  }
}

churn::~churn() {
  for (auto& n : nodes_) {
    (void) n.shutdown(true);
  }
}

node_config churn::config(const node_id& id) const {
  auto c = quick_config(id, server_.connect_string(), root_);
  c.sweep_period = std::chrono::seconds{3};
  c.clean_period = std::chrono::seconds{3};
  return c;
}

void churn::add_jobs(node& n) {
  auto base = counting("base", std::make_shared<counting_job>(numbered("b-", base_items)),
                       schedule::fixed_rate(milliseconds{200}));
  auto restless = counting("restless", nullptr, schedule::fixed_delay(milliseconds{200}));
  restless.spec.mode = running_mode::thread_per_item;
  restless.spec.max_concurrent_runs = 2;
  restless.spec.pool_check_period = std::chrono::seconds{1};
  restless.code = std::make_shared<restless_job>(pool_);
  for (auto& d : {base, restless}) {
    if (auto ok = n.register_job(d); !ok) {
      throw std::runtime_error(to_string(ok.error()));
    }
  }
}

void churn::come_or_go() {
  const node_id id{"guest-" + std::to_string(below(2))};
  if (auto g = guests_.find(id); g != guests_.end()) {
    const bool hurry = below(3) == 0;
    (void) g->second.shutdown(hurry);
    guests_.erase(g);
    ++happened_[hurry ? "guest hurried" : "guest left"];
  } else {
    auto& n = guests_.emplace(id, start_node(config(id))).first->second;
    add_jobs(n);
    ++happened_["guest came"];
  }
}

void churn::start_or_kill() {
  const auto id = "process-" + std::to_string(below(2));
  if (auto p = processes_.find(id); p != processes_.end()) {
    p->second->kill();
    processes_.erase(p);
    ++happened_["process killed"];
    return;
  }
  process_options o;
  o.arguments = {DJM_FAULT_NODE,      "id=" + id, "connect=" + server_.connect_string(),
                 "root=" + root_,     "share=8",  "each=2",
                 "journal=/dev/null", "period=1s"};
  o.error_file = "/dev/null";
  processes_[id] = std::make_unique<child_process>(o);
  ++happened_["process started"];
}

void churn::end_a_session() {
  const auto path = root_ + "/alive/stays-" + std::to_string(below(stays));
  for (const auto& [found, stat] : snapshot(server_.connect_string(), root_ + "/alive")) {
    if (found == path && stat.ephemeral_owner != 0) {
      kill_session(server_.address(), server_.port(), stat.ephemeral_owner);
      ++happened_["session ended"];
    }
  }
}

void churn::add_or_remove_job() {
  for (auto& n : nodes_) {
    if (extra_) {
      (void) n.unregister_job("extra");
    } else {
      (void) n.register_job(counting("extra", std::make_shared<counting_job>(numbered("x-", 20)),
                                     schedule::fixed_delay(milliseconds{500})));
    }
  }
  extra_ = !extra_;
  ++happened_[extra_ ? "job registered" : "job unregistered"];
}

void churn::step() {
  switch (below(9)) {
  case 0:
  case 1: come_or_go(); break;
  case 2:
  case 3: start_or_kill(); break;
  case 4: end_a_session(); break;
  case 5: add_or_remove_job(); break;
  case 6:
    pool_->items = 10 + below(40);
    ++happened_["pool changed"];
    break;
  case 7:
    (void) (disabled_ ? nodes_[0].enable_job("base") : nodes_[0].disable_job("base"));
    disabled_ = !disabled_;
    ++happened_[disabled_ ? "job disabled" : "job enabled"];
    break;
  default:
    (void) nodes_[below(stays)].trigger_here("base");
    ++happened_["job triggered"];
    break;
  }
}

bool churn::is_calm() const {
  auto view = nodes_[0].cluster();
  if (!view || view->workers.size() != stays || view->jobs.size() != 2 || !all_locked(*view) || !all_ready(nodes_)) {
    return false;
  }
  std::size_t items = 0;
  for (const auto& j : view->jobs) {
    items += j.items.size();
  }
  return items == base_items + pool_->items && locked_items(nodes_) == items;
}

void churn::calm_down() {
  for (auto& [id, n] : guests_) {
    (void) n.shutdown();
  }
  guests_.clear();
  processes_.clear();
  if (extra_) {
    add_or_remove_job();
  }
  if (disabled_) {
    (void) nodes_[0].enable_job("base");
    disabled_ = false;
  }
  pool_->items = 30;
  if (!eventually([this] { return is_calm(); }, std::chrono::seconds{90})) {
    auto view = nodes_[0].cluster();
    std::string text = "the cluster does not become calm";
    for (const auto& n : nodes_) {
      if (auto st = n.status()) {
        text += "\n" + to_json_text(*st);
      }
    }
    if (view) {
      text += "\n" + to_json_text(*view);
    }
    throw std::runtime_error(text);
  }
}

} // namespace djm::test
