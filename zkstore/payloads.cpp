#include "zkstore/payloads.hpp"

#include "djm/item_state.hpp"
#include "djm/json.hpp"
#include "djm/value_reader.hpp"
#include "model/json_parse.hpp"
#include "model/keep_unknown.hpp"
#include "model/text.hpp"
#include "model/value_access.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm::store {

namespace {

using nlohmann::json;

constexpr const char* version_key = "v";
constexpr std::int64_t max_time_ms = 253'402'300'799'999; // end of the year 9999
constexpr std::int64_t max_weight = 1'000'000'000;
constexpr std::size_t max_transaction_id = 200;
constexpr std::size_t max_url = 300;
constexpr std::size_t max_short_text = 200;
constexpr std::size_t max_refusal_text = 1000;
constexpr std::int64_t max_refusal_ms = std::int64_t{8} * 24 * 60 * 60 * 1000; // the longest is seven days

/// Rules beyond types.
class payload_checker {
public:
  payload_checker(complaint_list& found, std::string_view path) : found_(found), path_(path) {}

  void check(const format_payload& x) { range("format", x.format, 1, std::numeric_limits<std::int32_t>::max()); }

  void check(const alive_payload& x) {
    id("incarnation", x.incarnation);
    range("pid", x.pid, 0, std::numeric_limits<std::int64_t>::max());
    range("started_at_ms", x.started_at_ms, 0, max_time_ms);
    range("layout", x.layout, 1, std::numeric_limits<std::int32_t>::max());
    if (x.http_url.size() > max_url) {
      found_.add_at("http_url", "longer than " + std::to_string(max_url) + " bytes");
    }
  }

  void check(const worker_payload& x) {
    id("incarnation", x.incarnation);
    range("detach_ms", x.detach_ms, 0, max_detach_ms);
    id_or_empty("zone", x.zone);
    for (const auto& label : x.labels) {
      id("labels", label);
    }
    range("weight", x.weight, 1, max_weight);
    for (const auto& [name, amount] : x.capacity) {
      id("capacity", name);
      range("capacity", amount, 0, max_amount);
    }
    for (const auto& kind : x.kinds) {
      short_text("kinds", kind);
    }
    for (const auto& [key, value] : x.shared) {
      id("shared", key);
      short_text("shared", value);
    }
  }

  void check(const assigned_payload& x) {
    id_or_empty("incarnation", x.incarnation);
    range("counter", x.counter, 0, std::numeric_limits<std::int64_t>::max());
  }

  void check(const pools_payload&) {}

  void check(const mark_payload&) {}

  void check(const pool_payload& x) {
    id_or_empty("last_writer", x.last_writer);
    id_or_empty("writer_incarnation", x.writer_incarnation);
    id_or_empty("challenger", x.challenger);
    id_or_empty("spec", x.spec);
    range("wish", x.wish, 0, std::numeric_limits<std::int64_t>::max());
    if (const auto ok = validate(job_id{name_of(path_)}, x.attributes); !ok) {
      found_.add_at("attributes", ok.error().text);
    }
  }

  void check(const lock_payload& x) {
    id("worker", x.worker);
    id("incarnation", x.incarnation);
    range("detach_ms", x.detach_ms, 0, max_detach_ms);
    range("acquired_at_ms", x.acquired_at_ms, 0, max_time_ms);
  }

  void check(const refusal_payload& x) {
    id("worker", x.worker);
    id("incarnation", x.incarnation);
    id("job", x.job);
    for (const auto& item : x.items) {
      id("items", item);
    }
    range("for_ms", x.for_ms, 1, max_refusal_ms);
    if (x.why.size() > max_refusal_text) {
      found_.add_at("why", "longer than " + std::to_string(max_refusal_text) + " bytes");
    }
  }

  void check(const model_payload& x) {
    range("epoch", x.epoch, 0, std::numeric_limits<std::int64_t>::max());
    range("changed_at_ms", x.changed_at_ms, 0, max_time_ms);
    id_or_empty("job_model", x.job_model);
    id_or_empty("configuration", x.configuration);
    id_or_empty("deployment", x.deployment);
    for (const auto& name : x.deployments) {
      short_text("deployments", name);
    }
  }

  void check(const version_payload& x) {
    if (x.transaction.size() > max_transaction_id) {
      found_.add_at("transaction",
                    impl::quote(x.transaction) + " is longer than " + std::to_string(max_transaction_id) + " bytes");
    }
  }

  void check(const job_payload& x) {
    range("rev", x.rev, 1, std::numeric_limits<std::int64_t>::max());
    range("triggered", x.triggered, 0, std::numeric_limits<std::int64_t>::max());
    range("generation", x.generation, 0, std::numeric_limits<std::int64_t>::max() - 1);
    range("prepared", x.prepared, 0, std::numeric_limits<std::int64_t>::max());
    range("since_ms", x.since_ms, 0, max_time_ms);
    range("slots_since_ms", x.slots_since_ms, 0, max_time_ms);
    bool rules = false;
    for (const auto& s : x.lineage) {
      id("lineage", s.hash);
      rules = rules || s.hash == x.ruling;
    }
    if (x.state == record_state::open && !rules) {
      found_.add_at("ruling", impl::quote(x.ruling) + " is none of the specifications in \"lineage\"");
    }
  }

  void check(const config_payload&) {}

  void check(const offer_payload& x) { id_or_empty("hash", x.hash); }

  void check(const jobs_version_payload& x) {
    for (const auto& change : x.recent) {
      for (const auto& job : change.jobs) {
        id("recent", job);
      }
    }
  }

  void check(const state_payload& x) {
    range("token", x.token, 0, std::numeric_limits<std::int64_t>::max());
    range("seq", x.seq, 0, std::numeric_limits<std::int64_t>::max());
    range("epoch", x.epoch, 0, std::numeric_limits<std::int64_t>::max());
    range("saved_at_ms", x.saved_at_ms, 0, max_time_ms);
    id_or_empty("saved_by", x.saved_by);
    if (x.state && x.state->data.size() > max_item_state) {
      found_.add_at("state", std::to_string(x.state->data.size()) + " bytes; " + std::to_string(max_item_state) +
                               " are the most");
    }
    if (x.set_by.size() > max_transaction_id) {
      found_.add_at("set_by",
                    impl::quote(x.set_by) + " is longer than " + std::to_string(max_transaction_id) + " bytes");
    }
  }

  void check(const slot_payload& x) {
    range("token", x.token, 0, std::numeric_limits<std::int64_t>::max());
    range("epoch", x.epoch, 0, std::numeric_limits<std::int64_t>::max());
    range("job", x.job, 0, std::numeric_limits<std::int64_t>::max());
    range("slot", x.slot, -max_time_ms, max_time_ms);
    range("attempt", x.attempt, 1, std::numeric_limits<std::uint32_t>::max());
    range("spared", x.spared, 0, std::int64_t{x.attempt} - 1);
    id_or_empty("by", x.by);
    id_or_empty("incarnation", x.incarnation);
  }

  void check(const submission_payload& x) {
    id("kind", x.kind);
    range("least_version", x.least_version, 1, std::numeric_limits<std::int32_t>::max());
    short_text("submitted_by", x.submitted_by);
    range("submitted_at_ms", x.submitted_at_ms, 0, max_time_ms);
    id("request", x.request);
    id("hash", x.hash);
    id_or_empty("trying", x.trying);
    id_or_empty("trying_life", x.trying_life);
    for (const auto& node : x.died) {
      id("died", node);
    }
    for (const auto& d : x.declined) {
      id("declined", d.node);
      id("declined", d.incarnation);
    }
  }

private:
  void range(const char* field, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least || value > most) {
      found_.add_at(field,
                    std::to_string(value) + " is not from " + std::to_string(least) + " to " + std::to_string(most));
    }
  }

  void id(const char* field, std::string_view value) {
    if (!is_valid_id(value)) {
      found_.add_at(field, impl::quote(value) + " breaks the rule for ids");
    }
  }

  void short_text(const char* field, const std::string& value) {
    if (value.size() > max_short_text) {
      found_.add_at(field, "longer than " + std::to_string(max_short_text) + " bytes");
    }
  }

  void id_or_empty(const char* field, std::string_view value) {
    if (!value.empty()) {
      id(field, value);
    }
  }

  complaint_list& found_;
  std::string_view path_;
};

void check_version(complaint_list& found, const json& document) {
  const auto v = document.find(version_key);
  if (v == document.end()) {
    found.add_at(version_key, "the version is missing");
  } else if (!v->is_number_unsigned() || v->get<std::uint64_t>() == 0) { // comparing json values would wrap large ones
    found.add_at(version_key, impl::shown(*v) + " is not a version");
  } else if (v->get<std::uint64_t>() > std::uint64_t{payload_version}) {
    found.add_at(version_key, "version " + impl::shown(*v) + " is newer than " + std::to_string(payload_version) +
                                ", the one this program reads");
  }
}

tl::unexpected<error> malformed(std::string_view path, const std::string& text) {
  return fail(errc::malformed_payload, impl::quote(path, 400) + ": " + text);
}

template <class Payload>
struct member_sink {
  json_sink& sink;

  template <class... Ts>
  void operator()(const char*, named_field<Ts>... fs) const {
    (write(fs), ...);
  }

  template <class T>
  void write(named_field<T> f) const {
    sink.member(f.name);
    write_value(sink, f.value);
  }
};

template <class Payload>
std::string with_unknown(std::string text, std::string_view previous) {
  const auto old = impl::parse_json(previous);
  if (!old || !old->is_object()) {
    return text;
  }
  auto document = json::parse(text);
  const auto size = document.dump().size();
  impl::keep_unknown<Payload>(document, *old);
  auto result = document.dump();
  // The order of members is ours as long as there is nothing to keep.
  return result.size() == size ? text : result;
}

} // namespace

template <class Payload>
std::string encode(const Payload& x, std::string_view previous) {
  json_sink sink;
  sink.begin_object("");
  sink.member(version_key);
  sink.integer(payload_version);
  visit_fields(member_sink<Payload>{sink}, x);
  sink.end_object();
  return previous.empty() ? sink.take() : with_unknown<Payload>(sink.take(), previous);
}

template <class Payload>
expected<Payload> decode(std::string_view text, std::string_view path) {
  if (text.empty()) {
    return malformed(path, "no data");
  }
  const auto document = impl::parse_json(text);
  if (!document) {
    return malformed(path, document.error());
  }
  if (!document->is_object()) {
    return malformed(path, impl::shown(*document) + " is not an object");
  }
  value_reader reader{unknown_keys::ignored};
  auto& found = reader.complaints();
  check_version(found, *document);
  Payload result;
  reader.read(impl::value_access::view(*document), result);
  if (found.empty()) {
    payload_checker{found, path}.check(result);
  }
  if (!found.empty()) {
    return malformed(path, found.summary());
  }
  return result;
}

// clang-format off
#define DJM_PAYLOAD(type)                                                                                              \
  template std::string encode(const type&, std::string_view);                                                          \
  template expected<type> decode(std::string_view, std::string_view);                                                  \
  bool operator==(const type& a, const type& b) { return equal_fields(a, b); }
// clang-format on

DJM_PAYLOAD(format_payload)
DJM_PAYLOAD(alive_payload)
DJM_PAYLOAD(worker_payload)
DJM_PAYLOAD(mark_payload)
DJM_PAYLOAD(assigned_payload)
DJM_PAYLOAD(pools_payload)
DJM_PAYLOAD(pool_payload)
DJM_PAYLOAD(lock_payload)
DJM_PAYLOAD(refusal_payload)
DJM_PAYLOAD(model_payload)
DJM_PAYLOAD(version_payload)
DJM_PAYLOAD(job_payload)
DJM_PAYLOAD(config_payload)
DJM_PAYLOAD(offer_payload)
DJM_PAYLOAD(jobs_version_payload)
DJM_PAYLOAD(state_payload)
DJM_PAYLOAD(slot_payload)
DJM_PAYLOAD(submission_payload)

#undef DJM_PAYLOAD

} // namespace djm::store
