/** Berkeley packet filters over bytes of the memory (pcap-filter(7)). */
import { native, type Refusal } from './native.js';

export type { Refusal } from './native.js';
export { isRefusal } from './native.js';

/** Compiles a filter for packets of a LINKTYPE_; its handle, or why it is refused. */
export function compileBpf(filter: string, linkType: number, snapLen: number): number | Refusal {
  return native().bpfCompile(filter, linkType, snapLen);
}

/** Whether the packet at memory[off, off + len) matches; wireLen is what `len` and `greater` look at. */
export function bpfMatch(handle: number, off: number, len: number, wireLen: number): boolean {
  return native().bpfMatch(handle, off, len, wireLen);
}
