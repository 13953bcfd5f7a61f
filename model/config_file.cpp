#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "djm/node_config.hpp"
#include "djm/value_reader.hpp"
#include "model/json_parse.hpp"
#include "model/text.hpp"
#include "model/value_access.hpp"

namespace djm {

namespace {

constexpr std::size_t max_file_size = 1U << 20;

struct closer {
  void operator()(std::FILE* f) const { std::fclose(f); }
};

std::string name_file(const std::string& path) {
  return "configuration file " + impl::quote(path, 400) + ": ";
}

expected<std::string> read_file(const std::string& path) {
  const auto where = name_file(path);
  errno = 0;
  const std::unique_ptr<std::FILE, closer> file{std::fopen(path.c_str(), "rb")};
  if (!file) {
    return fail(errc::invalid_file, where + "cannot be opened: " + std::strerror(errno));
  }
  std::string content(max_file_size + 1, '\0');
  const auto n = std::fread(content.data(), 1, content.size(), file.get());
  if (std::ferror(file.get()) != 0) {
    return fail(errc::invalid_file, where + "cannot be read: " + std::strerror(errno));
  }
  if (n > max_file_size) {
    return fail(errc::invalid_file, where + "is larger than " + std::to_string(max_file_size) + " bytes");
  }
  content.resize(n);
  return content;
}

} // namespace

expected<node_config> parse_node_config(const std::string& json_text) {
  const auto document = impl::parse_json(json_text, impl::duplicate_keys::refused);
  if (!document) {
    return fail(errc::invalid_file, "the configuration is not well-formed JSON: " + document.error());
  }
  value_reader reader;
  node_config result;
  reader.read(impl::value_access::view(*document), result);
  if (!reader.complaints().empty()) {
    return fail(errc::invalid_config, reader.complaints().summary());
  }
  return result;
}

expected<node_config> load_node_config(const std::string& path) {
  const auto content = read_file(path);
  if (!content) {
    return tl::make_unexpected(content.error());
  }
  return parse_node_config(*content).map_error([&path](error e) {
    e.text = name_file(path) + e.text;
    return e;
  });
}

} // namespace djm
