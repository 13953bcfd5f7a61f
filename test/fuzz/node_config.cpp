// The configuration file and the connect string in it. Input: the file.
#include "djm/node_config.hpp"

#include <string>

#include "djm/impl/connect_string.hpp"
#include "djm/json.hpp"
#include "test/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace djm;
  using fuzz::require;
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto config = parse_node_config(text);
  if (!config) {
    require(config.error().code == errc::invalid_file || config.error().code == errc::invalid_config,
            "a refusal is invalid_file or invalid_config");
    require(!config.error().text.empty(), "a refusal says why");
    return 0;
  }
  const auto complaints = check(*config);
  require(validate(*config).has_value() == complaints.empty(), "check and validate agree");
  for (const auto& c : complaints) {
    require(!c.text.empty(), "a complaint says what is wrong");
  }
  if (complaints.empty()) {
    // What starts is printed, read and started again.
    json_sink sink{-1, json_sink::secrets::shown};
    write_value(sink, *config);
    const auto again = parse_node_config(sink.str());
    require(again && *again == *config, "a valid configuration survives being written and read");
  }
  return 0;
}
