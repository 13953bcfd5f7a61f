#include "test/unit/calendar/tzif_bytes.hpp"

namespace djm::test {

namespace {

void put(std::string& out, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
}

void put_block(std::string& out, const tzif_file& file, int time_size, bool empty) {
  out += "TZif";
  out += file.version;
  out.append(15, '\0');
  const auto changes = empty ? 0 : file.changes.size();
  const auto types = empty ? 1 : file.types.size();
  put(out, 0, 4);
  put(out, 0, 4);
  put(out, file.leaps, 4);
  put(out, changes, 4);
  put(out, types, 4);
  put(out, 4, 4);
  for (std::size_t i = 0; i < changes; ++i) {
    put(out, static_cast<std::uint64_t>(file.changes[i].first), time_size);
  }
  for (std::size_t i = 0; i < changes; ++i) {
    out += static_cast<char>(file.changes[i].second);
  }
  for (std::size_t i = 0; i < types; ++i) {
    const auto type = empty ? tzif_type{} : file.types[i];
    put(out, static_cast<std::uint32_t>(type.offset), 4);
    out += type.daylight ? '\1' : '\0';
    out += '\0';
  }
  out.append("ABC\0", 4);
  out.append(file.leaps * static_cast<std::size_t>(time_size + 4), '\0');
}

} // namespace

std::string bytes_of(const tzif_file& file) {
  std::string result;
  put_block(result, file, 4, file.version != 0 && !file.fat);
  if (file.version != 0) {
    put_block(result, file, 8, false);
    result += '\n' + file.footer + '\n';
  }
  return result;
}

} // namespace djm::test
