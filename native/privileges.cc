// What the calling thread may do as another user than root (capabilities(7)). Credentials are a thread's own in Linux:
// threads that it starts afterwards inherit them, those that are there already do not.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "env.h"

namespace peccary {
namespace {

bool holds(uint32_t set, unsigned cap) { return cap < 32 && (set >> cap & 1) != 0; }

// keepCapabilities(set): what is permitted outlives the change of user that follows; nothing past `set` (a bit for each of
// the first 32) can be had again by any program that is run. null, or {index: errno, message}
napi_value keepCapabilities(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t set;
  if (!a.u32(0, set)) return nullptr;
  for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
    if (!holds(set, cap) && prctl(PR_CAPBSET_DROP, cap) != 0) return refusal(napi, errno, strerror(errno));
  }
  if (prctl(PR_SET_KEEPCAPS, 1) != 0) return refusal(napi, errno, strerror(errno));
  return nullptr;
}

// limitCapabilities(set, ambient): the thread has those of `set` and no others; programs that it runs have `ambient`, a
// part of it, and gain none by their files. null, or {index: errno, message}
napi_value limitCapabilities(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  uint32_t set, ambient;
  if (!a.u32(0, set) || !a.u32(1, ambient)) return nullptr;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  data[0].permitted = data[0].effective = set;
  data[0].inheritable = ambient;
  bool ok = syscall(SYS_capset, &header, data) == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
  for (unsigned cap = 0; ok && cap < 32; cap++) {
    if (holds(ambient, cap)) ok = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0;
  }
  ok = ok && prctl(PR_SET_KEEPCAPS, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  // A process that changed its user may not read its own /proc otherwise.
  ok = ok && prctl(PR_SET_DUMPABLE, 1) == 0;
  return ok ? nullptr : refusal(napi, errno, strerror(errno));
}

}  // namespace

bool initPrivileges(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "keepCapabilities", keepCapabilities, data) &&
         method(env, exports, "limitCapabilities", limitCapabilities, data);
}

}  // namespace peccary
