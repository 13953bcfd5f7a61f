#include <doctest/doctest.h>

#include <sys/mount.h>
#include <unistd.h>

#include <fcntl.h>

#include <fstream>
#include <mutex>

#include "harness.hpp"
#include "journal_judge.hpp"
#include "samples/wordcount/journal.hpp"
#include "shared_server.hpp"
#include "temp_dir.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A small disk of its own that can be filled and made read-only. Needs root.
class small_disk {
public:
  small_disk() { mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=256k") == 0; }
  ~small_disk() {
    if (mounted_) {
      ::umount2(path().c_str(), MNT_DETACH);
    }
  }
  bool mounted() const { return mounted_; }
  std::string path() const { return dir_.path().string(); }
  std::string file(const char* name) const { return (dir_.path() / name).string(); }

  void fill() {
    const int fd = ::open(file("filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0);
    const std::string page(4096, 'x');
    while (::write(fd, page.data(), page.size()) > 0) {
    }
    CHECK(errno == ENOSPC);
    ::close(fd);
  }
  void make_room() { CHECK(::unlink(file("filler").c_str()) == 0); }
  bool read_only(bool yes) {
    return ::mount(nullptr, path().c_str(), nullptr,
                   static_cast<unsigned long>(MS_REMOUNT) | (yes ? static_cast<unsigned long>(MS_RDONLY) : 0),
                   "size=256k") == 0;
  }

private:
  temp_dir dir_{"djm-disk"};
  bool mounted_ = false;
};

/// Writes down each item in the journal of the word count sample.
class writing_job final : public job {
public:
  writing_job(std::string node, wordcount::journal& out) : node_(std::move(node)), out_(out) {}
  std::vector<item_id> work_pool() override { return numbered("w-", 8); }
  void run(job_context& ctx) override {
    for (const auto& item : ctx.items()) {
      out_.append(node_, "0", "start", item.id, item.token, 0);
      out_.append(node_, "0", "end", item.id, item.token, 1);
    }
    ++written;
  }
  std::atomic<int> written{0};

private:
  std::string node_;
  wordcount::journal& out_;
};

struct watched_node {
  std::mutex guard;
  std::vector<std::string> failures;
  int revoked = 0;

  void see(const node_event& e) {
    std::lock_guard<std::mutex> lock{guard};
    if (const auto* f = std::get_if<run_failed>(&e.what)) {
      failures.push_back(f->what);
    }
    revoked += std::holds_alternative<items_revoked>(e.what) ? 1 : 0;
  }
  bool failed_with(const std::string& text) {
    std::lock_guard<std::mutex> lock{guard};
    return !failures.empty() && failures.back().find(text) != std::string::npos;
  }
};

} // namespace

TEST_CASE("a disk that is full or read-only fails the runs that need it, is told, and harms nothing else") {
  small_disk disk;
  if (!disk.mounted()) {
    MESSAGE("needs root to mount a small disk: skipped");
    return;
  }
  wordcount::journal out{disk.file("journal")};
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  std::vector<std::unique_ptr<watched_node>> seen;
  std::vector<std::shared_ptr<writing_job>> writers;
  auto other = std::make_shared<counting_job>(numbered("o-", 8));
  std::vector<node> nodes;
  for (const auto& id : to_ids<node_id>({"a", "b"})) {
    seen.push_back(std::make_unique<watched_node>());
    nodes.push_back(
      start_node(quick_config(id, connect, root), [w = seen.back().get()](const node_event& e) { w->see(e); }));
    writers.push_back(std::make_shared<writing_job>(id, out));
    job_definition d;
    d.spec.id = "writes";
    d.spec.schedule = schedule::fixed_rate(100ms);
    d.code = writers.back();
    REQUIRE(nodes.back().register_job(d));
    REQUIRE(nodes.back().register_job(counting("other", other, schedule::fixed_rate(100ms))));
  }
  const auto work_on = [&] {
    const int first = writers[0]->written;
    const int second = writers[1]->written;
    return eventually([&] { return writers[0]->written > first && writers[1]->written > second; }, 20s);
  };
  REQUIRE(eventually([&] { return locked_items(nodes) == 16 && all_ready(nodes); }, 20s));
  REQUIRE(eventually(
    [&] { return nodes[0].job("writes")->items.size() == 4 && nodes[1].job("writes")->items.size() == 4; }, 20s));
  REQUIRE(work_on());
  const auto moved = [&] {
    std::lock_guard<std::mutex> one{seen[0]->guard};
    std::lock_guard<std::mutex> two{seen[1]->guard};
    return seen[0]->revoked + seen[1]->revoked;
  };
  const auto moved_before = moved();
  const auto fails_everywhere = [&](const char* why) {
    CHECK(eventually([&] { return seen[0]->failed_with(why) && seen[1]->failed_with(why); }, 20s));
    // Reported in the status, too; the other job and the ownership of both go on as before.
    CHECK(nodes[0].job("writes")->last_failure.find(why) != std::string::npos);
    const auto runs = other->runs();
    CHECK(eventually([&] { return other->runs() > runs + 4; }, 20s));
    CHECK(all_ready(nodes));
  };
  disk.fill();
  fails_everywhere("No space left");
  disk.make_room();
  CHECK(work_on());
  REQUIRE(disk.read_only(true));
  fails_everywhere("Read-only");
  REQUIRE(disk.read_only(false));
  CHECK(work_on());
  CHECK(moved() == moved_before);
  for (auto& n : nodes) {
    CHECK(n.shutdown());
  }
  // No half line was left by a write that did not fit. Starts without an end are those of failed runs.
  CHECK(read_journal(disk.file("journal")).size() > 16);
}
