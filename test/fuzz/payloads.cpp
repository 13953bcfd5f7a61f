// Every payload decoder: whatever another process wrote, it is a value that survives a round trip or an error that
// names the path. Input: the kind of payload, previous data up to a newline, data.
#include "zkstore/payloads.hpp"

#include <string>

#include "test/fuzz/fuzz.hpp"
#include "zkstore/job_payloads.hpp"

namespace {

using namespace djm;
using namespace djm::store;
using fuzz::require;

template <class Payload>
void check(std::string_view previous, std::string_view text) {
  const std::string path = "/djm/work-pool/mail";
  const auto value = decode<Payload>(text, path);
  if (!value) {
    require(value.error().code == errc::malformed_payload, "a refusal is malformed_payload");
    require(value.error().text.find(path) != std::string::npos, "a refusal names the path");
    require(fuzz::is_one_line(value.error().text), "a refusal is one line");
    require(value.error().text.size() < 64u << 10, "a refusal is short, however long the data");
    encode(Payload{}, text);
    return;
  }
  const auto plain = encode(*value);
  const auto again = decode<Payload>(plain, path);
  require(again && *again == *value, "what is encoded decodes to the same");
  require(encode(*again) == plain, "encoding depends on the value alone");
  // The writer keeps what it does not know, of its own data as of data that was replaced meanwhile.
  for (auto before : {text, previous}) {
    const auto merged = encode(*value, before);
    const auto back = decode<Payload>(merged, path);
    require(back && *back == *value, "unknown members do not change the value");
    require(encode(*value, merged) == merged, "unknown members are kept");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const auto kind = in.byte();
  const auto previous = in.until('\n');
  const auto text = in.rest();
  switch (kind) {
  case 'f': check<format_payload>(previous, text); break;
  case 'a': check<alive_payload>(previous, text); break;
  case 'w': check<worker_payload>(previous, text); break;
  case 'm': check<mark_payload>(previous, text); break;
  case 's': check<assigned_payload>(previous, text); break;
  case 'd': check<pools_payload>(previous, text); break;
  case 'p': check<pool_payload>(previous, text); break;
  case 'l': check<lock_payload>(previous, text); break;
  case 'r': check<refusal_payload>(previous, text); break;
  case 'k': check<model_payload>(previous, text); break;
  case 'v': check<version_payload>(previous, text); break;
  case 'j': check<job_payload>(previous, text); break;
  case 'c': check<config_payload>(previous, text); break;
  case 'o': check<offer_payload>(previous, text); break;
  case 'n': check<jobs_version_payload>(previous, text); break;
  case 'i': check<state_payload>(previous, text); break;
  case 't': check<slot_payload>(previous, text); break;
  case 'u': check<submission_payload>(previous, text); break;
  default: return -1; // not worth keeping
  }
  return 0;
}
