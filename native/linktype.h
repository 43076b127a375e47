// LINKTYPE_ values (in files, one meaning everywhere) and DLT_ values (of this system's libpcap) differ in a few.
#pragma once

#include <pcap/pcap.h>

namespace peccary {

constexpr int LinkTypeRaw = 101;
constexpr int LinkTypeAtmRfc1483 = 100;
constexpr int LinkTypeLoop = 108;

inline int dltOf(int linkType) {
  if (linkType == LinkTypeRaw) return DLT_RAW;
  if (linkType == LinkTypeAtmRfc1483) return DLT_ATM_RFC1483;
  if (linkType == LinkTypeLoop) return DLT_LOOP;
  return linkType;
}

inline int linkTypeOf(int dlt) {
  if (dlt == DLT_RAW) return LinkTypeRaw;
  if (dlt == DLT_ATM_RFC1483) return LinkTypeAtmRfc1483;
  if (dlt == DLT_LOOP) return LinkTypeLoop;
  return dlt;
}

}  // namespace peccary
