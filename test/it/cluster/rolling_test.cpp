#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <mutex>
#include <set>

#include "djm/client.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t size = 5;
constexpr auto limit = 60s;

struct release {
  std::string name;
  milliseconds period;
  job_priority priority;
  std::int64_t revision;
};

/// A cluster of five nodes that are replaced one after the other; each offers the job "mail" as its release has it.
class fleet {
public:
  explicit fleet(const release& first) : connect_(shared_server().connect_string()), root_(fresh_path()) {
    nodes_.resize(size);
    client_options o;
    o.store.connect = connect_;
    o.store.root = root_;
    look_.emplace(client::open(std::move(o)).value());
    for (std::size_t i = 0; i < size; ++i) {
      start(i, first);
    }
    settle();
  }
  ~fleet() {
    for (std::size_t i = 0; i < size; ++i) {
      stop(i);
    }
  }

  void start(std::size_t i, const release& r) {
    nodes_[i].emplace(
      start_node(quick_config(node_id{"n" + std::to_string(i)}, connect_, root_), [this](const auto& e) {
        if (const auto* changed = std::get_if<job_changed>(&e.what)) {
          std::lock_guard lock{guard_};
          told_.insert(changed->deployment);
        }
      }));
    job_attributes a;
    a.priority = r.priority;
    REQUIRE(nodes_[i]->register_job(job_builder("mail")
                                      .items(numbered("i-", 20))
                                      .every(r.period)
                                      .attributes(a)
                                      .revision(r.revision)
                                      .deployment(r.name)
                                      .run([](job_context&) {})));
  }
  void stop(std::size_t i) {
    if (nodes_[i]) {
      CHECK(nodes_[i]->shutdown());
      nodes_[i].reset();
    }
  }
  void replace(std::size_t i, const release& r) {
    stop(i);
    start(i, r);
    settle();
  }

  /// Every item is locked by its owner.
  void settle() {
    const auto served = [this] { return look_->wait_job("mail", any_duration{5s}).has_value(); };
    REQUIRE(eventually(served, limit)); // where nobody has made it yet there is nothing to wait for
  }
  record_view record() { return look_->get_record("mail").value(); }
  /// How often the record was written.
  std::int32_t writes() { return snapshot(connect_, root_).at(root_ + "/jobs/mail").version; }
  bool follows(const release& r) {
    const auto now = record();
    const auto ruling =
      std::find_if(now.specs.begin(), now.specs.end(), [&](const auto& s) { return s.hash == now.ruling; });
    const auto everywhere = std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& n) {
      return !n || (n->job("mail") && n->job("mail")->schedule.period == duration{r.period});
    });
    return ruling != now.specs.end() && ruling->deployment == r.name && everywhere;
  }
  /// Whether somebody was told that this deployment rules, since the last question.
  bool told(const release& r) {
    std::lock_guard lock{guard_};
    const bool found = told_.count(r.name) > 0;
    told_.clear();
    return found;
  }
  node& at(std::size_t i) { return *nodes_[i]; }
  client& look() { return *look_; }

private:
  std::string connect_, root_;
  std::vector<std::optional<node>> nodes_;
  std::optional<client> look_;
  std::mutex guard_;
  std::set<std::string> told_;
};

} // namespace

TEST_CASE("a rolling deployment with a revision ends with the new one, whatever restarts, and nobody fights") {
  const release former{"one", 200ms, job_priority::normal, 1}, next{"two", 100ms, job_priority::high, 2};
  fleet f{former};
  REQUIRE(f.follows(former));
  const auto before = f.writes();
  f.replace(0, next);
  CHECK(eventually([&] { return f.follows(next); }, limit));
  CHECK(f.told(next));
  const auto appeared = f.writes();
  for (std::size_t i = 1; i < size; ++i) {
    f.replace(size - 1, i + 1 < size ? former : next); // an old one that restarts again and again
    f.replace(i, next);
  }
  CHECK(f.follows(next));
  let_pass(4s);
  std::cout << "figure: rolling: " << appeared - before << " writes of the record when the new version appeared, "
            << f.writes() - appeared << " in " << 2 * (size - 1) << " restarts after it\n";
  CHECK(appeared - before <= 2); // it is added, and it rules
  CHECK(f.writes() == appeared);
}

TEST_CASE("without revisions what appeared last rules, whatever restarts, and the older one when that has gone") {
  const release former{"one", 200ms, job_priority::normal, 0}, next{"two", 100ms, job_priority::high, 0};
  fleet f{former};
  f.replace(0, next);
  CHECK(eventually([&] { return f.follows(next); }, limit));
  CHECK(f.told(next));
  f.replace(1, next);
  const auto writes = f.writes();
  for (std::size_t i = 2; i < size; ++i) {
    f.replace(i, former); // appeared before: its place in the lineage stays
  }
  CHECK(f.follows(next));
  CHECK(f.writes() == writes);
  f.replace(0, former);
  CHECK(f.follows(next));
  f.replace(1, former);
  CHECK(eventually([&] { return f.follows(former); }, limit));
  CHECK(f.told(former));
}

TEST_CASE("what an operator has overridden stands when unchanged code is deployed again") {
  const release same{"one", 200ms, job_priority::normal, 0};
  fleet f{same};
  REQUIRE(f.at(3).update_job("mail", *user_config::parse(R"({"schedule": {"period": "50ms"}})")));
  const auto overridden = [&] {
    const release expected{"one", 50ms, job_priority::normal, 0};
    return f.follows(expected);
  };
  CHECK(eventually(overridden, limit));
  const auto writes = f.writes();
  for (std::size_t i = 0; i < size; ++i) {
    f.replace(i, same);
  }
  CHECK(eventually(overridden, limit));
  CHECK(f.writes() == writes);
  CHECK(f.record().overrides == *user_config::parse(R"({"schedule": {"period": "50ms"}})"));
}
