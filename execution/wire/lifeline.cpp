#include "execution/wire/lifeline.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "execution/wire/wire.hpp"

namespace djm::exec {

namespace {

constexpr std::size_t most_descriptors = 8;
constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

} // namespace

std::int64_t boot_nanoseconds() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

receipt receive_packet(int socket, packet& p) {
  thread_local std::string room(max_packet + 1, '\0');
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))];
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control;
  head.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = recvmsg(socket, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    return errno == EAGAIN ? receipt::nothing : receipt::end;
  }
  p = {};
  for (auto* c = CMSG_FIRSTHDR(&head); c != nullptr; c = CMSG_NXTHDR(&head, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
      p.descriptors.resize((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      std::memcpy(p.descriptors.data(), CMSG_DATA(c), p.descriptors.size() * sizeof(int));
    }
  }
  if (n == 0) {
    for (const int fd : p.descriptors) {
      close(fd);
    }
    return receipt::end; // no packet is empty
  }
  p.data.assign(room, 0, static_cast<std::size_t>(n));
  return receipt::packet;
}

sending send_packet(int socket, std::string_view data, const std::vector<int>& descriptors) {
  iovec part{const_cast<char*>(data.data()), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const auto size = descriptors.size() * sizeof(int);
    head.msg_control = control;
    head.msg_controllen = CMSG_SPACE(size);
    auto* c = CMSG_FIRSTHDR(&head);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(c), descriptors.data(), size);
  }
  ssize_t n = 0;
  do {
    n = sendmsg(socket, &head, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n >= 0 ? sending::sent : errno == EAGAIN ? sending::full : sending::broken;
}

int make_sealed_file(const char* name, std::string_view content) {
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) {
    return -1;
  }
  while (!content.empty()) {
    const auto n = write(fd, content.data(), content.size());
    if (n < 0 && errno != EINTR) {
      close(fd);
      return -1;
    }
    content.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
  }
  if (lseek(fd, 0, SEEK_SET) != 0 || fcntl(fd, F_ADD_SEALS, all_seals) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

std::optional<std::string> read_sealed_file(int fd, std::size_t most) {
  const auto end = lseek(fd, 0, SEEK_END);
  if (fcntl(fd, F_GET_SEALS) != all_seals || end < 0 || static_cast<std::size_t>(end) > most) {
    return std::nullopt;
  }
  std::string all(static_cast<std::size_t>(end), '\0');
  for (std::size_t at = 0; at < all.size();) {
    const auto n = pread(fd, all.data() + at, all.size() - at, static_cast<off_t>(at));
    if (n <= 0) {
      return std::nullopt;
    }
    at += static_cast<std::size_t>(n);
  }
  return all;
}

} // namespace djm::exec
