// Sending packets of our own: raw IP sockets, where the kernel finds the way, and frames on one interface.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "env.h"

// linux/in6.h collides with netinet/in.h.
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

namespace peccary {
namespace {

class Injector final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Injector;
  Injector(int socket4, int socket6, int socketLink)
      : Resource(kKind), v4(socket4), v6(socket6), link(socketLink) {}
  ~Injector() override {
    for (const int fd : {v4, v6, link}) {
      if (fd >= 0) close(fd);
    }
  }
  // -1: not open.
  const int v4, v6, link;
  uint8_t address[6] = {};
};

napi_value systemRefusal(napi_env napi, const char* what, int error) {
  return refusal(napi, error, (std::string(what) + ": " + strerror(error)).c_str());
}

// A raw socket whose packets come with their IP header; -1 with errno when it cannot be had.
int rawSocket(int family, uint32_t mark, const char* device) {
  const int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  if (fd < 0) return -1;
  const int on = 1;
  const bool headers = family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)) == 0
                                         : setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof(on)) == 0;
  const bool marked = mark == 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
  const size_t len = strlen(device);
  const bool bound =
      len == 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, static_cast<socklen_t>(len + 1)) == 0;
  if (headers && marked && bound) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// rawOpen(mark, device): handle, or {index: errno, message}. A host without IPv6 has the IPv4 socket alone.
napi_value rawOpen(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  uint32_t mark;
  std::vector<char> device;
  if (!a.u32(0, mark) || !stringArg(napi, a.value[1], device)) return nullptr;
  const int v4 = rawSocket(AF_INET, mark, device.data());
  if (v4 < 0) return systemRefusal(napi, "raw socket", errno);
  const int v6 = rawSocket(AF_INET6, mark, device.data());
  const uint32_t handle = a.env->add(std::make_unique<Injector>(v4, v6, -1));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// linkOpen(device): handle, or {index: errno, message}
napi_value linkOpen(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  std::vector<char> device;
  if (!stringArg(napi, a.value[0], device)) return nullptr;
  // Protocol 0: it receives nothing.
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return systemRefusal(napi, "packet socket", errno);
  auto injector = std::make_unique<Injector>(-1, -1, fd);
  ifreq request{};
  strncpy(request.ifr_name, device.data(), IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFINDEX, &request) != 0) return systemRefusal(napi, device.data(), errno);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = request.ifr_ifindex;
  if (bind(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) return systemRefusal(napi, device.data(), errno);
  if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) return systemRefusal(napi, device.data(), errno);
  memcpy(injector->address, request.ifr_hwaddr.sa_data, sizeof(injector->address));
  const uint32_t handle = a.env->add(std::move(injector));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// Handle argument 0 and the bytes of arguments 1 and 2; throws and returns null when they are none.
template <size_t N>
Injector* packetArgs(const Args<N>& a, uint32_t& off, uint32_t& len) {
  uint32_t handle;
  if (!a.u32(0, handle) || !a.u32(1, off) || !a.u32(2, len)) return nullptr;
  Injector* injector = a.env->template lookup<Injector>(handle);
  if (injector == nullptr) throwError(a.napi, "not an injector");
  else if (!a.env->inMemory(off, len)) throwError(a.napi, "the packet lies outside the memory");
  else return injector;
  return nullptr;
}

napi_value sent(napi_env napi, ssize_t n) { return number(napi, n >= 0 ? 0 : -errno); }

// rawSend(handle, off, len, ipVersion, addressOff): 0 or -errno
napi_value rawSend(napi_env napi, napi_callback_info info) {
  Args<5> a(napi, info);
  uint32_t off, len, version, addressOff;
  const Injector* injector = packetArgs(a, off, len);
  if (injector == nullptr || !a.u32(3, version) || !a.u32(4, addressOff)) return nullptr;
  if (!a.env->inMemory(addressOff, 16)) return throwError(napi, "the address lies outside the memory");
  const uint8_t* packet = a.env->memory.data + off;
  const uint8_t* address = a.env->memory.data + addressOff;
  const int fd = version == 6 ? injector->v6 : injector->v4;
  if (fd < 0) return number(napi, -EAFNOSUPPORT);
  if (version == 6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    memcpy(&to.sin6_addr, address, 16);
    return sent(napi, sendto(fd, packet, len, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)));
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  memcpy(&to.sin_addr, address, 4);
  return sent(napi, sendto(fd, packet, len, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)));
}

// linkSend(handle, off, len): 0 or -errno
napi_value linkSend(napi_env napi, napi_callback_info info) {
  Args<3> a(napi, info);
  uint32_t off, len;
  const Injector* injector = packetArgs(a, off, len);
  if (injector == nullptr) return nullptr;
  if (injector->link < 0) return throwError(napi, "not an injector of frames");
  return sent(napi, send(injector->link, a.env->memory.data + off, len, 0));
}

// linkAddress(handle, off): puts the six bytes of the interface's address at memory[off]
napi_value linkAddress(napi_env napi, napi_callback_info info) {
  Args<3> a(napi, info);
  uint32_t handle, off;
  if (!a.u32(0, handle) || !a.u32(1, off)) return nullptr;
  const Injector* injector = a.env->lookup<Injector>(handle);
  if (injector == nullptr) return throwError(napi, "not an injector");
  if (!a.env->inMemory(off, sizeof(injector->address))) return throwError(napi, "outside the memory");
  memcpy(a.env->memory.data + off, injector->address, sizeof(injector->address));
  return nullptr;
}

}  // namespace

bool initInject(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "rawOpen", rawOpen, data) && method(env, exports, "rawSend", rawSend, data) &&
         method(env, exports, "linkOpen", linkOpen, data) && method(env, exports, "linkSend", linkSend, data) &&
         method(env, exports, "linkAddress", linkAddress, data);
}

}  // namespace peccary
