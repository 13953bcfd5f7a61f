#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "djm/bytes.hpp"
#include "djm/error.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

namespace djm {

/// Where the answer about the state of an item goes. One that is let go without an answer says that nobody is there to
/// give one, so that no run waits for it.
class state_reply {
public:
  using answer = expected<std::optional<bytes>>;

  /// `f` is called once, on any thread; it must be short and must not throw.
  state_reply(std::function<void(answer)> f, bool saves) : f_(std::move(f)), saves_(saves) {}
  state_reply(const state_reply&) = delete;
  state_reply& operator=(const state_reply&) = delete;
  ~state_reply() {
    if (f_) {
      give(saves_ ? fail(errc::unknown_outcome, "the part of the node that saves states has ended meanwhile")
                  : fail(errc::not_connected, "the part of the node that loads states has ended meanwhile"));
    }
  }

  void give(answer a) {
    if (const auto f = std::exchange(f_, nullptr)) {
      f(std::move(a));
    }
  }

private:
  std::function<void(answer)> f_;
  bool saves_;
};

/// A run wants the state of an item that it holds under this token, or to save one.
struct state_request {
  item_ref item;
  fencing_token token = 0;
  /// Nothing: it is loaded.
  std::optional<bytes> save;
  std::shared_ptr<state_reply> reply;
};

/// Who loads and saves the states of items for the runs of a node.
struct state_keeper {
  /// Called on the thread of the run; must not block or throw. Empty: nobody does.
  std::function<void(state_request)> ask;
  /// How long an answer may take.
  duration patience = duration::zero();
};

} // namespace djm
