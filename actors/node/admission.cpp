#include "actors/node/admission.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm {

namespace {

/// Well below what one transaction may hold, as it also carries what newer versions have written beside it.
constexpr std::size_t max_attributes_size = 256u << 10;

expected<void> refuse(errc code, const job_spec& spec, std::string text) {
  return fail(code, "job \"" + spec.id + "\": " + std::move(text));
}

} // namespace

expected<void> check_admission(const job_spec& spec, const node_config& config) {
  if (auto ok = validate(spec); !ok) {
    return ok;
  }
  if (config.role == node_role::coordinator) {
    return refuse(errc::invalid_state, spec,
                  "node \"" + config.id + "\" has the role \"coordinator\": it runs no jobs");
  }
  if (const auto most = longest_stop_grace(config, config.store.session_timeout); spec.stop_grace > most) {
    return refuse(errc::invalid_config, spec,
                  "stop_grace " + format_duration(spec.stop_grace) +
                    " leaves no time to run under the session timeout and detach tolerance of node \"" + config.id +
                    "\"; at most " + format_duration(most));
  }
  store::pool_payload stored;
  stored.attributes = spec.attributes;
  if (const auto size = store::encode(stored).size(); size > max_attributes_size) {
    return refuse(errc::too_large, spec,
                  "its attributes take " + std::to_string(size) + " bytes in the store; at most " +
                    std::to_string(max_attributes_size) + " are possible");
  }
  if (auto record = store::to_offer(spec); !record) {
    return tl::make_unexpected(record.error());
  }
  return {};
}

expected<void> check_question(duration timeout, const bytes& question) {
  constexpr duration least = std::chrono::milliseconds{1};
  constexpr duration most = std::chrono::minutes{10};
  if (timeout < least || timeout > most) {
    return fail(errc::invalid_config,
                "ask_item: timeout is " + describe_duration(timeout) + "; it must be from 1ms to 10min");
  }
  if (question.data.size() > max_question_size) {
    return fail(errc::too_large, "ask_item: the question has " + std::to_string(question.data.size()) +
                                   " bytes; at most " + std::to_string(max_question_size) + " are possible");
  }
  return {};
}

expected<void> check_history(const get_history& m) {
  constexpr std::uint32_t most = 10'000;
  if (m.limit < 1 || m.limit > most) {
    return fail(errc::invalid_config,
                "get_history: limit is " + std::to_string(m.limit) + "; it must be from 1 to " + std::to_string(most));
  }
  return {};
}

} // namespace djm
