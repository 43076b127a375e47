// Unix datagram sockets that send: each call sends one datagram or says why not, and never waits (unix(7)).
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "env.h"

namespace peccary {
namespace {

class Datagram final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Datagram;
  explicit Datagram(int socket) : Resource(kKind), fd(socket) {}
  ~Datagram() override { close(fd); }
  const int fd;
};

// datagramOpen(path, sendBuffer): handle, or {index: errno, message}
napi_value datagramOpen(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  std::vector<char> path;
  uint32_t sendBuffer;
  if (!stringArg(napi, a.value[0], path) || !a.u32(1, sendBuffer)) return nullptr;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const size_t len = strlen(path.data());
  if (len >= sizeof(to.sun_path)) return refusal(napi, ENAMETOOLONG, strerror(ENAMETOOLONG));
  memcpy(to.sun_path, path.data(), len);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return refusal(napi, errno, strerror(errno));
  auto datagram = std::make_unique<Datagram>(fd);
  // As much as the system allows: it bounds how long a datagram may be.
  const int size = static_cast<int>(sendBuffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) return refusal(napi, errno, strerror(errno));
  const uint32_t handle = a.env->add(std::move(datagram));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// datagramSend(handle, bytes): 0 or -errno
napi_value datagramSend(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  uint32_t handle;
  const uint8_t* data = nullptr;
  size_t len = 0;
  if (!a.u32(0, handle) || !bytesArg(napi, a.value[1], data, len)) return nullptr;
  const Datagram* datagram = a.env->lookup<Datagram>(handle);
  if (datagram == nullptr) return throwError(napi, "not a datagram socket");
  return number(napi, send(datagram->fd, data, len, MSG_NOSIGNAL) >= 0 ? 0 : -errno);
}

}  // namespace

bool initDatagram(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "datagramOpen", datagramOpen, data) &&
         method(env, exports, "datagramSend", datagramSend, data);
}

}  // namespace peccary
