#include <stdexcept>
#include <utility>

#include <cxxabi.h>

#include "actors/executor/run_context.hpp"
#include "djm/open_run.hpp"

/// Runs that their code takes over.
namespace djm {

/// What the code has of such a run; the last one who lets go of it ends the run.
class run_context::opened final : public open_run {
public:
  explicit opened(std::shared_ptr<run_context> run) : run_(std::move(run)) {}
  opened(const opened&) = delete;
  opened& operator=(const opened&) = delete;
  ~opened() override {
    finish(std::make_exception_ptr(std::runtime_error{"its code has let go of the run without finishing it"}));
  }

  job_context& context() override { return *run_; }
  void follow_lease(std::weak_ptr<lease_follower> f) override { run_->follow_lease(std::move(f)); }
  void finish(std::exception_ptr thrown) override { run_->finish_open(std::move(thrown)); }

private:
  const std::shared_ptr<run_context> run_;
};

std::optional<run_result> run_context::begin(std::function<void(run_result)> done) {
  {
    std::lock_guard<std::mutex> guard{mutex_};
    opening_ = opening::begins;
  }
  bool taken = false;
  std::exception_ptr thrown;
  try {
    taken = order_.code->begin(std::make_shared<opened>(shared_from_this()));
  } catch (const abi::__forced_unwind&) {
    end();
    drop();
    throw;
  } catch (...) {
    thrown = std::current_exception();
  }
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (taken && !thrown && !finished_) {
      opening_ = opening::open;
      open_done_ = std::move(done);
      return std::nullopt;
    }
    opening_ = opening::none;
    thrown = taken && !thrown ? std::exchange(*finished_, nullptr) : thrown;
  }
  if (!taken && !thrown) {
    return execute();
  }
  return conclude([&] {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  });
}

/// While `begin` has not returned, its thread ends the run.
void run_context::finish_open(std::exception_ptr thrown) {
  std::function<void(run_result)> done;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (opening_ == opening::begins && !finished_) {
      finished_ = std::move(thrown); // handed over to the thread of `begin`, not shared with it
    }
    if (opening_ != opening::open) {
      return;
    }
    opening_ = opening::none;
    done = std::exchange(open_done_, nullptr);
  }
  done(conclude([&] {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  }));
}

void run_context::follow_lease(std::weak_ptr<lease_follower> f) {
  if (services_->follow_lease) {
    services_->follow_lease(order_.id, std::move(f));
  } else if (const auto follower = f.lock()) {
    follower->lease_changed(time_point::max());
  }
}

} // namespace djm
