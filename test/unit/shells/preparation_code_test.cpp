#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/executor/run_context.hpp"
#include "actors/node/guarded_job.hpp"

/// What djm does around `job::prepare`, in a run of the hidden item.
using namespace djm;

namespace {

class preparing_code final : public job {
public:
  std::vector<item_id> work_pool() override { return {}; }
  void run(job_context&) override { ++runs; }
  expected<void> prepare(prepare_context& ctx) override {
    calls.push_back(ctx.generation());
    CHECK(ctx.token() == 7);
    return does ? does(ctx) : expected<void>{};
  }

  std::function<expected<void>(prepare_context&)> does;
  std::vector<std::int64_t> calls;
  int runs = 0;
};

/// One run of the hidden item, with what is saved of it.
struct hidden_run {
  std::shared_ptr<preparing_code> code = std::make_shared<preparing_code>();
  std::optional<bytes> saved;
  std::optional<errc> load_fails, save_fails;
  std::vector<std::string> asked;
  std::shared_ptr<run_context> context;

  run_result execute(std::int64_t generation) {
    run_order order;
    order.id = 1;
    order.job = "j";
    order.items = {{item_id{std::string{preparation_item}}, 7}};
    order.code = std::make_shared<guarded_job>(nullptr, "j", code, std::make_shared<job_activity>());
    order.purpose.generation = generation;
    run_services services{make_system_run_clock(), [](auto) {}, [](auto&) {}};
    services.ask_state = [this](state_request r) -> duration {
      asked.push_back(r.save ? "save " + std::string(r.save->data.begin(), r.save->data.end()) : "load");
      if (const auto& why = r.save ? save_fails : load_fails) {
        r.reply->give(fail(*why, "no luck"));
      } else {
        if (r.save) {
          saved = r.save;
        }
        r.reply->give(saved);
      }
      return std::chrono::seconds{1};
    };
    asked.clear();
    context = std::make_shared<run_context>(std::move(order), std::move(services));
    return context->execute();
  }
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("prepare: what is saved is read before the code is called, and what it has done is saved after that") {
  hidden_run r;
  r.code->does = [&](prepare_context&) -> expected<void> {
    CHECK(r.asked == strings{"load"});
    return {};
  };
  CHECK_FALSE(r.execute(3).failed);
  CHECK(r.code->calls == std::vector<std::int64_t>{3});
  CHECK(r.asked == strings{"load", "save 3"});
  CHECK(r.code->runs == 0);
}

TEST_CASE(
  "prepare: what is done is not done again, an earlier one is no help, and what makes no sense counts as none") {
  hidden_run r;
  for (const auto* done : {"3", "4", "10"}) {
    r.saved = bytes_of(done);
    CHECK_FALSE(r.execute(3).failed);
    CHECK(r.asked == strings{"load"});
  }
  CHECK(r.code->calls.empty());
  for (const auto* behind : {"2", "", "x3"}) {
    r.saved = bytes_of(behind);
    r.execute(3);
  }
  CHECK(r.code->calls.size() == 3);
}

TEST_CASE("prepare: an error, an exception and a stop mean that nothing is saved") {
  hidden_run r;
  r.code->does = [](prepare_context&) { return fail(errc::user_code_failed, "no table"); };
  CHECK(r.execute(1).failure == "no table");
  r.code->does = [](prepare_context&) -> expected<void> { throw std::runtime_error("no topic"); };
  CHECK(r.execute(1).failure == "no topic");
  r.code->does = [&](prepare_context& ctx) -> expected<void> {
    r.context->request_stop(stop_reason::shutdown, {});
    CHECK(ctx.stop_requested());
    return {};
  };
  CHECK(r.execute(1).failed);
  CHECK_FALSE(r.saved);
}

TEST_CASE("prepare: a store that is away is no failure: it is tried again, and the code is not called for nothing") {
  hidden_run r;
  r.load_fails = errc::not_connected;
  auto result = r.execute(1);
  CHECK_FALSE(result.failed);
  CHECK(result.again_in == std::chrono::seconds{1});
  CHECK(r.code->calls.empty());
  r.load_fails = errc::malformed_payload; // that is for people to mend
  CHECK(r.execute(1).failure.find("whether it was done before cannot be read: no luck") == 0);
  r.load_fails.reset();
  r.save_fails = errc::not_owner;
  result = r.execute(1);
  CHECK_FALSE(result.failed);
  CHECK(result.again_in);
  r.save_fails = errc::conflict;
  CHECK(r.execute(1).failed);
  CHECK(r.code->calls.size() == 2);
}
