#include "jobs.hpp"

namespace djm::test {

void gate::open() {
  std::lock_guard<std::mutex> lock{guard_};
  open_ = true;
  changed_.notify_all();
}

void gate::pass() {
  std::unique_lock<std::mutex> lock{guard_};
  changed_.wait(lock, [this] { return open_; });
}

run_watch::turn::turn(run_watch& w, const job_context& ctx) : watch_(w), items_(ctx.items()) {
  {
    std::lock_guard<std::mutex> lock{w.guard_};
    ++w.runs_;
    ++w.running_;
    for (const auto& i : items_) {
      ++w.per_item_[i.id];
      if (!w.busy_.insert(i.id).second) {
        w.faults_.push_back("two runs of \"" + i.id + "\" at a time");
      }
      auto& token = w.tokens_[i.id];
      if (i.token < token) {
        w.faults_.push_back("the token of \"" + i.id + "\" fell");
      }
      token = i.token;
    }
  }
  the_bell().ring();
}

run_watch::turn::~turn() {
  {
    std::lock_guard<std::mutex> lock{watch_.guard_};
    --watch_.running_;
    for (const auto& i : items_) {
      watch_.busy_.erase(i.id);
    }
  }
  the_bell().ring();
}

std::size_t run_watch::runs() const {
  std::lock_guard<std::mutex> lock{guard_};
  return runs_;
}

std::size_t run_watch::runs_of(const item_id& item) const {
  std::lock_guard<std::mutex> lock{guard_};
  auto i = per_item_.find(item);
  return i == per_item_.end() ? 0 : i->second;
}

std::size_t run_watch::least_runs(const std::vector<item_id>& items) const {
  std::size_t least = static_cast<std::size_t>(-1);
  for (const auto& i : items) {
    least = std::min(least, runs_of(i));
  }
  return least;
}

std::size_t run_watch::running() const {
  std::lock_guard<std::mutex> lock{guard_};
  return running_;
}

std::vector<std::string> run_watch::faults() const {
  std::lock_guard<std::mutex> lock{guard_};
  return faults_;
}

job_builder watched(const job_id& id, std::vector<item_id> items, run_watch& w) {
  job_builder b{id};
  b.items(std::move(items)).every(milliseconds{5}).run([&w](job_context& ctx) { run_watch::turn t{w, ctx}; });
  return b;
}

job_builder endless(const job_id& id, std::vector<item_id> items, run_watch& w) {
  job_builder b{id};
  b.items(std::move(items)).every(milliseconds{5}).run([&w](job_context& ctx) {
    run_watch::turn t{w, ctx};
    while (ctx.sleep(seconds{10})) {
    }
  });
  return b;
}

} // namespace djm::test
