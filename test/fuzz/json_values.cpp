// JSON of every kind of value that the model knows. What is read from it can be written, for programs and for people,
// and read again. Input: a letter for the type, the JSON text.
#include <cstring>
#include <string>

#include "djm/events.hpp"
#include "djm/job_spec.hpp"
#include "djm/json.hpp"
#include "djm/log.hpp"
#include "djm/text.hpp"
#include "djm/value_reader.hpp"
#include "model/json_parse.hpp"
#include "model/value_access.hpp"
#include "test/fuzz/fuzz.hpp"
#include "zkstore/types.hpp"

namespace {

using namespace djm;
using fuzz::require;

/// One field of each kind that a field list may have.
struct every_kind {
  bool flag = false;
  double ratio = 0;
  std::uint8_t small = 1;
  std::int32_t medium = 2;
  std::int64_t large = 3;
  std::uint64_t huge = 4;
  log_level level = log_level::info;
  duration period{};
  time_point due{};
  wall_time at{};
  std::string text;
  std::string password;
  std::optional<std::int32_t> maybe;
  std::vector<item_ref> list;
  std::map<std::string, std::vector<std::uint64_t>> by_name;
  std::variant<schedule, item_ref> either;
};

template <class V>
auto fields(V&& v, every_kind& x) {
  return v("every_kind", field("flag", x.flag), field("ratio", x.ratio), field("small", x.small),
           field("medium", x.medium), field("large", x.large), field("huge", x.huge), field("level", x.level),
           field("period", x.period), field("due", x.due), field("at", x.at), field("text", x.text),
           secret_field("password", x.password), field("maybe", x.maybe), field("list", x.list),
           field("by_name", x.by_name), field("either", x.either));
}

template <class T>
std::string written(const T& x, int indent = -1) {
  json_sink sink{indent, json_sink::secrets::shown};
  write_value(sink, x);
  return sink.take();
}

template <class T>
void judge(const T&) {}

void judge(const job_spec& x) {
  const auto good = validate(x);
  require(good || fuzz::is_one_line(good.error().text), "a complaint about a job is one line");
  require(good.has_value() || !is_valid_id(x.id) || !validate(x.schedule) ||
            good.error().text.find(x.id) != std::string::npos,
          "a complaint names the job");
}

template <class T>
void check(std::string_view text, unknown_keys policy) {
  const auto document = impl::parse_json(text, impl::duplicate_keys::refused);
  if (!document) {
    require(fuzz::is_one_line(document.error()), "the reason is one line");
    return;
  }
  value_reader reader{policy};
  T value{};
  reader.read(impl::value_access::view(*document), value);
  if (!reader.complaints().empty()) {
    require(reader.complaints().list().size() <= 20, "nobody reads more complaints");
    require(fuzz::is_one_line(reader.complaints().summary()), "complaints are one line");
    return;
  }
  judge(value);
  const auto json = written(value);
  const auto again = impl::parse_json(json);
  require(again.has_value(), "what is written is JSON");
  const auto indented = impl::parse_json(written(value, 2));
  require(indented && *indented == *again, "white space changes nothing");
  value_reader second{unknown_keys::refused};
  T back{};
  second.read(impl::value_access::view(*again), back);
  require(second.complaints().empty(), "what is written can be read");
  require(written(back) == json, "and is the same value");
  if constexpr (std::is_same_v<T, job_spec>) {
    require(back == value, "in every field");
  }
  require(fuzz::is_one_line(to_text(value)), "the text for people is one line");
  require(impl::parse_json(to_json_text(value)).has_value(), "hidden secrets leave it JSON");
}

template <class T>
void check(std::string_view text) {
  check<T>(text, unknown_keys::refused);
  check<T>(text, unknown_keys::ignored);
}

/// What another process sent or user code filled in: any bytes in texts, numbers that are no enumerator.
void check_bytes(fuzz::input in) {
  every_kind value;
  value.level = static_cast<log_level>(in.byte());
  const auto ratio = in.take(sizeof value.ratio);
  if (ratio.size() == sizeof value.ratio) {
    std::memcpy(&value.ratio, ratio.data(), sizeof value.ratio);
  }
  job_spec job;
  job.id = "mail";
  job.mode = static_cast<running_mode>(in.byte());
  job.on_new_items = static_cast<new_items_policy>(in.byte());
  job.schedule.kind = static_cast<schedule_kind>(in.byte());
  const bool known = is_enumerator(job.mode) && is_enumerator(job.on_new_items) && is_enumerator(job.schedule.kind);
  require(known == validate(job).has_value(), "a job of unknown enumerators is refused");
  judge(job);
  value.text = in.rest();
  value.password = value.text;
  job.attributes.custom["k"] = value.text;
  judge(job);
  for (const auto& json : {written(value), written(value, 2), to_json_text(value), written(job)}) {
    require(impl::parse_json(json, impl::duplicate_keys::refused).has_value(), "it is JSON all the same");
  }
  require(fuzz::is_one_line(to_text(value)) && fuzz::is_one_line(to_text(job)), "and one line for people");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  switch (in.byte()) {
  case 'k': check<every_kind>(in.rest()); break;
  case 'j': check<job_spec>(in.rest()); break;
  case 'e': check<node_event>(in.rest()); break;
  case 't': check<store::transaction>(in.rest()); break;
  case 'b': check_bytes(in); break;
  case 'o': check<store::commit_outcome>(in.rest()); break;
  default: return -1; // not worth keeping
  }
  return 0;
}
