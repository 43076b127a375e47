/** Which packets of a frame a worker takes, where several divide the traffic; the pipeline has none of it with one worker. */
import type { Packet } from '../decode/packet.js';

export interface FramePart {
  /** Opens what `p` carries, a tunnel's packet or a reassembled datagram, into `inner`; false: nothing. */
  open(p: Packet, inner: Packet): boolean;
  /** Whether the packet is this worker's. */
  takes(p: Packet): boolean;
}
