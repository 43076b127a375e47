/** What the kernel tells of its packet queues in /proc/net/netfilter/nfnetlink_queue (nfnetlink_queue.c, seq_show). */
import { readFileSync } from 'node:fs';

export interface QueueState {
  queue: number;
  /** Netlink port of the socket that answers it. */
  port: number;
  /** Packets that wait for their verdict. */
  waiting: number;
  /** Packets dropped because the queue was full, and because the socket's buffer was. */
  dropped: number;
  userDropped: number;
  /** Number of the last packet that was put in. */
  lastId: number;
}

const Path = '/proc/net/netfilter/nfnetlink_queue';

/** The lines of the table; those that cannot be read are left out. */
export function parseQueueStates(text: string): QueueState[] {
  const out: QueueState[] = [];
  for (const line of text.split('\n')) {
    const n = line.trim().split(/\s+/).map(Number);
    if (n.length < 8 || n.some((x) => Number.isNaN(x))) continue;
    const [queue, port, waiting, , , dropped, userDropped, lastId] = n;
    out.push({ queue, port, waiting, dropped, userDropped, lastId });
  }
  return out;
}

/** The queues of this network namespace; none when the kernel has no such table. */
export function queueStates(): QueueState[] {
  try {
    return parseQueueStates(readFileSync(Path, 'latin1'));
  } catch {
    return []; // no module, or no permission: there is nothing to tell
  }
}
