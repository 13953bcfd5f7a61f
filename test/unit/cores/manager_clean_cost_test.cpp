#include <doctest/doctest.h>

#include <cstdio>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

/// What cleaning costs, and what is there to be cleaned costs until then.
namespace {

manager_core::settings cleaning_each_minute() {
  auto s = manager_rig::settings(200);
  s.clean_period = std::chrono::minutes{1};
  return s;
}

/// One living worker with a job, and as many that died long ago.
struct graveyard : manager_rig {
  explicit graveyard(int dead, manager_core::settings s = settings(200)) {
    d.core = manager_core{std::move(s)};
    worker("v", "i1", {"j"});
    add_pool(tree, "j", {"a", "b"});
    for (int k = 0; k < dead; ++k) {
      tree.end(worker(node_id{"dead-" + std::to_string(1000 + k)}, "i1", {"j"}));
    }
    lead();
    pass(seconds{20}); // they are over now
  }
};

std::size_t reads_to_clean(int dead) {
  graveyard r{dead, cleaning_each_minute()};
  const auto before = r.d.single_reads;
  r.pass(seconds{45});
  CHECK(r.tree.children("/djm/workers") == std::vector<std::string>{"v"});
  CHECK(r.owners().size() == 2);
  CHECK(r.status().counters.cleaned == static_cast<std::uint64_t>(dead));
  return r.d.single_reads - before;
}

std::size_t reads_of_a_join(int dead) {
  graveyard r{dead};
  const auto before = r.d.single_reads;
  r.worker("new", "i1", {"j"});
  r.pass(seconds{5});
  CHECK(r.count("new") == 1);
  return r.d.single_reads - before;
}

} // namespace

TEST_CASE("manager: cleaning dead node ids costs reads in proportion to their number") {
  const std::size_t reads[] = {reads_to_clean(100), reads_to_clean(200), reads_to_clean(400)};
  std::printf("figure: reads to clean 100, 200, 400 dead node ids: %zu, %zu, %zu\n", reads[0], reads[1], reads[2]);
  CHECK(reads[2] - reads[1] <= 2 * (reads[1] - reads[0]) + 50);
  CHECK(reads[2] < 400 * 5);
}

TEST_CASE("manager: a node that joins costs no read for those that are dead") {
  const auto few = reads_of_a_join(1);
  CHECK(reads_of_a_join(300) == few);
  CHECK(few < 40);
}

TEST_CASE("manager: a thousand jobs are cleaned in a few transactions, and the status shows the cluster meanwhile") {
  manager_rig r;
  r.d.core = manager_core{cleaning_each_minute()};
  r.worker("v", "i1", {"j"});
  add_pool(r.tree, "j", {"a", "b"});
  for (int k = 0; k < 1000; ++k) {
    add_pool(r.tree, job_id{"old-" + std::to_string(1000 + k)}, {"x"});
  }
  r.lead();
  r.d.take_written();
  const auto before = r.d.single_reads;
  // One step after the other, with a look at the status after each.
  std::size_t flickers = 0;
  const auto end = r.d.now + std::chrono::minutes{2};
  while (r.d.now < end) {
    if (r.tree.has_events(r.d.view.id)) {
      for (const auto& e : r.tree.take_events(r.d.view.id)) {
        r.d.take(r.d.core.on_watch(e, r.d.now_step()));
      }
    } else if (!r.d.reads.empty()) {
      auto q = std::move(r.d.reads.front());
      r.d.reads.pop_front();
      r.d.single_reads += q.reads.size();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    } else if (!r.d.commits.empty()) {
      r.d.answer_commit();
    } else if (!r.answer_plan()) {
      r.d.now = std::max(r.d.now, r.d.core.wake_at().value_or(end));
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
    const auto st = r.status();
    flickers += st.phase == manager_phase::loading || st.items < 2 || st.workers != 1 ? 1 : 0;
  }
  CHECK(flickers == 0);
  CHECK(r.tree.children("/djm/work-pool") == std::vector<std::string>{"j"});
  std::size_t removals = 0;
  for (const auto& t : r.d.take_written()) {
    removals += t.find("remove work-pool") != std::string::npos ? 1 : 0;
    CHECK(std::count(t.begin(), t.end(), ',') < 200);
  }
  CHECK(removals <= 40);
  CHECK(r.d.single_reads - before < 1000 * 8);
}

TEST_CASE("manager: what others do while much is cleaned keeps only what they want") {
  manager_rig r;
  r.d.core = manager_core{cleaning_each_minute()};
  r.worker("v", "i1", {"j"});
  add_pool(r.tree, "j", {"a"});
  for (int k = 0; k < 300; ++k) {
    add_pool(r.tree, job_id{"old-" + std::to_string(1000 + k)}, {"x"});
  }
  r.lead();
  // An item of one of them comes while the transaction is on its way; a worker offers another in the middle of it.
  bool grown = false;
  bool offered = false;
  const auto end = r.d.now + std::chrono::minutes{3};
  while (r.d.now < end) {
    if (r.tree.has_events(r.d.view.id)) {
      for (const auto& e : r.tree.take_events(r.d.view.id)) {
        r.d.take(r.d.core.on_watch(e, r.d.now_step()));
      }
    } else if (!r.d.commits.empty()) {
      const auto text = show(r.d.commits.front().txn);
      if (!grown && text.find("remove work-pool/old-1005") != std::string::npos) {
        r.tree.put("/djm/work-pool/old-1005/y");
        grown = true;
      }
      r.d.answer_commit();
      if (grown && !offered && !r.tree.has("/djm/work-pool/old-1000")) {
        r.worker("w", "i1", {"old-1290"});
        offered = true;
      }
    } else if (!r.d.reads.empty()) {
      auto q = std::move(r.d.reads.front());
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    } else if (!r.answer_plan()) {
      r.d.now = std::max(r.d.now, r.d.core.wake_at().value_or(end));
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
  }
  CHECK(grown);
  CHECK(offered);
  CHECK(r.tree.children("/djm/work-pool") == std::vector<std::string>{"j", "old-1290"});
  CHECK(r.owners("old-1290").size() == 1);
}

TEST_CASE("manager: folders of jobs that are gone do not pile up below a worker") {
  manager_rig r;
  r.d.core = manager_core{cleaning_each_minute()};
  r.worker("v", "i1", {"j"});
  add_pool(r.tree, "j", {"a"});
  r.lead();
  const auto registers_anew = [&] {
    r.tree.put("/djm/workers/v", r.tree.data("/djm/workers/v"));
    r.tree.put("/djm/worker-version", "v");
  };
  for (int k = 0; k < 250; ++k) {
    const job_id job{"once-" + std::to_string(k)};
    r.tree.put("/djm/workers/v/available/" + job);
    registers_anew();
    add_pool(r.tree, job, {"x"});
    r.pass(seconds{3});
    REQUIRE(r.count("v", job) == 1);
    r.tree.erase("/djm/workers/v/available/" + job);
    registers_anew();
    r.tree.erase("/djm/work-pool/" + job);
    r.pass(seconds{3});
    CHECK(r.tree.children("/djm/workers/v/assigned").size() < 40);
  }
  r.pass(std::chrono::minutes{3});
  CHECK(r.tree.children("/djm/workers/v/assigned") == std::vector<std::string>{"j"});
  CHECK(r.count("v") == 1);
  CHECK(r.status().counters.reloads == 0);
}

TEST_CASE("manager: a cluster of any size is read in questions of bounded size") {
  manager_rig r;
  auto s = manager_rig::settings(200);
  s.read_batch = 10;
  r.d.core = manager_core{s};
  std::vector<job_id> jobs;
  for (int k = 0; k < 30; ++k) {
    jobs.emplace_back("j" + std::to_string(100 + k));
    add_pool(r.tree, jobs.back(), {"a", "b"});
  }
  r.worker("v", "i1", jobs);
  r.worker("w", "i1", jobs);
  r.lead();
  CHECK(r.status().assigned == 60);
  r.revoke();
  r.d.core = manager_core{s};
  r.lead(); // reads 60 folders below the workers
  CHECK(r.status().assigned == 60);
  CHECK(r.status().counters.moves == 0);
  CHECK(r.d.largest_read <= 10);
}

TEST_CASE("manager: a question that the store refuses is a problem that names it, and so is one that fails for long") {
  for (const auto status : {store::read_status::rejected, store::read_status::failed}) {
    manager_rig r;
    r.worker("v");
    add_pool(r.tree, "j", {"a"});
    r.d.take(r.d.core.on_granted(r.tree.stat(r.latch).czxid, r.latch, r.d.view.number, r.d.now_step()));
    for (int n = 0; n < 8; ++n) {
      while (r.d.reads.empty()) {
        r.d.now = *r.d.core.wake_at();
        r.d.take(r.d.core.on_wake(r.d.now_step()));
      }
      auto q = std::move(r.d.reads.front());
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, {status, {}, "the answer is too large"}, r.d.now_step()));
      if (n == 0) {
        CHECK(r.status().problems.size() == (status == store::read_status::rejected ? 1 : 0));
      }
    }
    REQUIRE(r.status().problems.size() == 1);
    const auto text = r.status().problems[0];
    CHECK(text.find("cannot read the cluster") != std::string::npos);
    CHECK(text.find("the answer is too large") != std::string::npos);
    r.work();
    CHECK(r.status().problems.empty());
    CHECK(r.owners().size() == 1);
  }
}
