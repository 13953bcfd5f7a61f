#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace djm::exec {

/// Nanoseconds of CLOCK_BOOTTIME.
std::int64_t boot_nanoseconds();

/// One packet with the descriptors that came with it.
struct packet {
  std::string data;
  std::vector<int> descriptors;
};

/// What `receive_packet` has found.
enum class receipt : std::uint8_t { packet, nothing, end };

/// Without waiting. Descriptors are closed when a program is executed; they are the caller's.
receipt receive_packet(int socket, packet& p);

/// What became of a packet.
enum class sending : std::uint8_t { sent, full, broken };

/// Without waiting, and without SIGPIPE; the descriptors stay the caller's.
sending send_packet(int socket, std::string_view data, const std::vector<int>& descriptors = {});

/// A file in memory that nobody can change any more, from whose beginning it is read; -1 with errno. Not of a pipe:
/// nobody has to fill it, and no reader takes its end for its own.
int make_sealed_file(const char* name, std::string_view content);
/// What such a file holds; nothing where it can be changed, or has more than `most` bytes.
std::optional<std::string> read_sealed_file(int fd, std::size_t most);

} // namespace djm::exec
