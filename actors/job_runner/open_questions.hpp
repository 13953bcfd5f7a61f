#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <caf/typed_response_promise.hpp>

#include "actors/executor/executor.hpp"
#include "actors/job_runner/question_code.hpp"
#include "actors/job_runner/runner_effects.hpp"
#include "djm/messages.hpp"

namespace djm {

/// Who waits for the answer to which question, and where the code of the job puts it.
class open_questions {
public:
  /// The core lets this one through in the present event: `order` follows.
  void come(caf::typed_response_promise<item_answer> asker, bytes question) {
    next_.emplace(std::move(asker), std::move(question));
  }

  /// The run in which the code is asked; its item, place and settings are the runner's to fill in.
  run_order order(const runner_effects::start_question& x, const std::shared_ptr<job>& code) {
    auto [asker, question] = *std::exchange(next_, std::nullopt);
    auto said = std::make_shared<said_answer>();
    run_order o;
    o.id = x.id;
    o.items = {x.item};
    o.code = std::make_shared<question_code>(code, std::move(question), x.deadline, said);
    o.question = true;
    open_.emplace(x.id, waiting{std::move(asker), x.item.token, std::move(said)});
    return o;
  }

  void conclude(const runner_effects::conclude_question& x, const node_id& node) {
    auto q = std::move(open_.extract(x.id).mapped());
    if (x.instead) {
      q.asker.deliver(to_caf(*x.instead));
    } else if (!q.said->answer) {
      q.asker.deliver(to_caf(q.said->answer.error()));
    } else {
      q.asker.deliver(item_answer{std::move(*q.said->answer), node, q.token});
    }
  }

private:
  struct waiting {
    caf::typed_response_promise<item_answer> asker;
    fencing_token token = 0;
    std::shared_ptr<said_answer> said;
  };

  std::map<run_id, waiting> open_;
  std::optional<std::pair<caf::typed_response_promise<item_answer>, bytes>> next_;
};

} // namespace djm
