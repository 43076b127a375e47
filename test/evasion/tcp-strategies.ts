/**
 * Strategies of a client that hides an attack in its segments, by name: those of Ptacek and Newsham (1998) and fragroute,
 * of INTANG (Wang and others, 2017) and Geneva (Bock and others, 2019). Each is played to a model of a Linux server in
 * tcp.test.ts and to a real one in tcp.root.test.ts.
 */

import type { Tree } from '../../src/core/settings.js';
import type { Client } from './tcp-client.js';
import { handshakes } from './tcp-handshakes.js';
import { insertions } from './tcp-insertions.js';
import { overlaps } from './tcp-overlaps.js';

export interface Strategy {
  name: string;
  /** Whether the server's program gets the attack, and not something else in its place; null: the server knows. */
  received: boolean | null;
  /** Anomaly that is told instead of an alert; '' when there is nothing to tell. Without it an alert tells of every attack received. */
  anomaly?: string;
  /** The server takes data in SYNs (net.ipv4.tcp_fastopen). */
  fastOpen?: true;
  /** Configuration of the stream engine. */
  stream?: Tree;
  run: (c: Client) => Promise<void>;
}

export const strategies: readonly Strategy[] = [...handshakes, ...insertions, ...overlaps];
