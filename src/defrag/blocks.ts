/** Values by address block, the most specific block winning: host-os-policy and defrag.host-config. */
import { PeccaryError } from '../core/errors.js';
import { parseAddress } from '../decode/addresses.js';

const enum BlockLimit {
  /** Blocks of a table: a lookup walks them, once a session or datagram. */
  Blocks = 4096,
}

interface Block {
  version: number;
  prefix: number;
  words: [number, number, number, number];
  masks: [number, number, number, number];
  value: number;
}

export class BlockTable {
  /** Longest prefix first; of two equal blocks the later one. */
  private blocks: Block[] = [];

  /** Adds "192.0.2.0/24", "192.0.2.1", "2001:db8::/32"; `path` names the configuration key in faults. */
  add(text: string, value: number, path: string): void {
    const [host, bits] = text.trim().split('/');
    const address = parseAddress(host);
    const most = address?.version === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : Number(bits);
    if (address === null || !/^\d*$/.test(bits ?? '') || bits === '' || prefix > most) {
      throw new PeccaryError('config', `${path}: "${text}" is no address or address block`);
    }
    if (this.blocks.length === BlockLimit.Blocks) {
      throw new PeccaryError('config', `${path}: more than ${BlockLimit.Blocks} address blocks`);
    }
    const masks = [0, 1, 2, 3].map((i) => mask(prefix - 32 * i)) as Block['masks'];
    const words = address.words.map((w, i) => w & masks[i]) as Block['words'];
    const at = this.blocks.findIndex((b) => b.prefix <= prefix);
    this.blocks.splice(at < 0 ? this.blocks.length : at, 0, { version: address.version, prefix, words, masks, value });
  }

  /** Value of the longest block that holds the address, or `fallback`. */
  lookup(version: number, w0: number, w1: number, w2: number, w3: number, fallback: number): number {
    for (let i = 0; i < this.blocks.length; i++) {
      const { version: v, words, masks, value } = this.blocks[i];
      if (v !== version || (w0 & masks[0]) !== words[0]) continue;
      if (v === 4) return value;
      if ((w1 & masks[1]) === words[1] && (w2 & masks[2]) === words[2] && (w3 & masks[3]) === words[3]) return value;
    }
    return fallback;
  }
}

/** Mask of the first `bits` of a word. */
function mask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
