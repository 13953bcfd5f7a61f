// The configuration file and the connect string in it. Input: the file.
#include "djm/node_config.hpp"

#include <algorithm>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "djm/json.hpp"
#include "model/connect_string.hpp"
#include "test/fuzz/fuzz.hpp"

namespace {

using namespace djm;
using fuzz::require;

/// A file in memory with a name that it can be opened by.
class memory_file {
public:
  explicit memory_file(std::string_view content) : handle_(memfd_create("node_config", 0)) {
    require(handle_ >= 0, "there can be files in memory");
    while (!content.empty()) {
      const auto n = write(handle_, content.data(), content.size());
      require(n > 0, "they can be written");
      content.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() { close(handle_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(handle_); }

private:
  int handle_;
};

void check_refusal(const error& e) {
  require(e.code == errc::invalid_file || e.code == errc::invalid_config,
          "a refusal is invalid_file or invalid_config");
  require(fuzz::is_one_line(e.text), "a refusal is one line that says why");
}

bool names_key(std::string_view complaint) {
  static const auto keys = config_keys();
  return std::any_of(keys.begin(), keys.end(),
                     [complaint](const config_key& key) { return complaint.substr(0, key.name.size()) == key.name; });
}

/// Reading a file adds nothing to the text in it but the file's name and a limit.
void check_file(const std::string& text, const expected<node_config>& parsed) {
  const memory_file file{text};
  const auto loaded = load_node_config(file.path());
  if (loaded) {
    require(parsed && *parsed == *loaded, "a file is what is in it");
    return;
  }
  check_refusal(loaded.error());
  require(loaded.error().text.find(file.path()) != std::string::npos, "a refusal names the file");
  require(text.size() > 1u << 20 || (!parsed && loaded.error().code == parsed.error().code),
          "a file is refused as what is in it");
}

/// What is no input of a fuzzer: files that are not there, are none, or are too long.
void check_other_files() {
  for (const auto* path : {"/proc/self/fd/none", "/"}) {
    const auto loaded = load_node_config(path);
    require(!loaded && loaded.error().code == errc::invalid_file, "only files can be read");
    check_refusal(loaded.error());
  }
  const auto config = R"({"id": "n1"})" + std::string(1u << 20, ' ');
  const auto parsed = parse_node_config(config);
  require(parsed.has_value(), "white space is no part of a configuration");
  const memory_file file{config};
  require(!load_node_config(file.path()), "but the limit of a file counts it");
  check_file(config, parsed);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const bool once = (check_other_files(), true);
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto config = parse_node_config(text);
  if (size % 4 == 0) { // a file takes longer than everything else
    check_file(text, config);
  }
  if (!config) {
    check_refusal(config.error());
    return 0;
  }
  const auto complaints = check(*config);
  require(validate(*config).has_value() == complaints.empty(), "check and validate agree");
  for (const auto& c : complaints) {
    require(fuzz::is_one_line(c.text), "a complaint is one line that says what is wrong");
    require(names_key(c.text), "and starts with the key");
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
