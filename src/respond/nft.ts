/**
 * The sensor's own nftables table, by running `nft` (nftables' libraries are under the GPL and are not linked): a set of
 * banned addresses for IPv4 and IPv6 whose elements end by themselves, and a chain that drops what comes from them before
 * anything else in the host sees it. Format: libnftables-json(5).
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { familyOf } from './address-list.js';

const enum NftLimit {
  /** Milliseconds that one run of nft may take. */
  RunMs = 10_000,
  /** Bytes of its answer that are read: a set of a million addresses. */
  Answer = 128 << 20,
  /** Bytes of what it complains of. */
  Complaint = 2000,
}

/** An address to ban for `seconds`, or (0) to let in again. */
export interface NftChange {
  address: string;
  seconds: number;
}

/** What a run of nft gave. `fault`: why it failed, or null. */
export interface NftResult {
  fault: string | null;
  answer: string;
}

/**
 * A descriptor of a file with `text` that is in no folder any more. nft opens its standard input by name, which it cannot
 * when that is the socket that Node makes of a pipe.
 */
function unnamedFile(text: string): number {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-nft-'));
  try {
    const fd = openSync(join(dir, 'input'), 'wx+', 0o600);
    writeFileSync(fd, text);
    return fd;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs nft with `input`; never rejects. */
function runNft(args: readonly string[], input: string): Promise<NftResult> {
  let stdin: number;
  try {
    stdin = unnamedFile(input);
  } catch (e) {
    return Promise.resolve({ fault: `no file for nft's input: ${(e as Error).message}`, answer: '' });
  }
  return new Promise((done) => {
    // Who is not root often has no sbin in its path.
    const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
    const child = spawn('nft', ['-j', ...args], { stdio: [stdin, 'pipe', 'pipe'], env });
    closeSync(stdin);
    const timer = setTimeout(() => child.kill('SIGKILL'), NftLimit.RunMs);
    const answer: Buffer[] = [];
    let size = 0;
    let complaint = '';
    child.stdout?.on('data', (d: Buffer) => {
      size += d.length;
      if (size > NftLimit.Answer) child.kill('SIGKILL');
      else answer.push(d);
    });
    child.stderr?.on('data', (d: Buffer) => {
      if (complaint.length < NftLimit.Complaint) complaint += d.toString('utf8');
    });
    child.once('error', (e: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const missing = e.code === 'ENOENT' ? 'nft is not there: install the Debian package nftables' : e.message;
      done({ fault: missing, answer: '' });
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const words = complaint.replace(/\s+/g, ' ').trim().slice(0, 300);
      const fault = status === 0 ? null : words || `nft ended with ${signal ?? status}`;
      done({ fault, answer: Buffer.concat(answer).toString('utf8') });
    });
  });
}

const setOf = (address: string): string => (familyOf(address) === 'ipv6' ? 'banned6' : 'banned4');

/** The table as commands and questions for nft. `most`: elements that a set may have. */
export class NftTable {
  constructor(
    private readonly name: string,
    private readonly most: number,
  ) {}

  /** Makes the table anew with these addresses, in one transaction: whoever stays banned is never let in meanwhile. */
  rebuild(bans: readonly NftChange[]): Promise<NftResult> {
    const { name } = this;
    const at = { family: 'inet', table: name };
    const table = { table: { family: 'inet', name } };
    const set = (family: string, type: string) => ({
      add: { set: { ...at, name: family, type, flags: ['timeout'], size: this.most } },
    });
    const rule = (protocol: string, right: string) => ({
      add: {
        rule: {
          ...at,
          chain: 'banned',
          expr: [
            { match: { op: '==', left: { payload: { protocol, field: 'saddr' } }, right } },
            { counter: null },
            { drop: null },
          ],
        },
      },
    });
    const hook = { type: 'filter', hook: 'prerouting', prio: -300, policy: 'accept' };
    return this.run([
      { add: table },
      { delete: table },
      { add: table },
      set('banned4', 'ipv4_addr'),
      set('banned6', 'ipv6_addr'),
      { add: { chain: { ...at, name: 'banned', ...hook } } },
      rule('ip', '@banned4'),
      rule('ip6', '@banned6'),
      ...this.elements('add', bans),
    ]);
  }

  /** Bans and lets in. An address that is there already gets its new time, one that is not there may be let in too. */
  change(changes: readonly NftChange[]): Promise<NftResult> {
    const bans = changes.filter(({ seconds }) => seconds > 0);
    return this.run([
      // What is not there cannot be deleted, and what is there keeps its time when it is added.
      ...this.elements(
        'add',
        changes.map(({ address }) => ({ address, seconds: 60 })),
      ),
      ...this.elements('delete', changes),
      ...this.elements('add', bans),
    ]);
  }

  private elements(command: 'add' | 'delete', changes: readonly NftChange[]): object[] {
    return ['banned4', 'banned6'].flatMap((name) => {
      const elem = changes
        .filter(({ address }) => setOf(address) === name)
        .map(({ address, seconds }) => (command === 'add' ? { elem: { val: address, timeout: seconds } } : address));
      return elem.length === 0 ? [] : [{ [command]: { element: { family: 'inet', table: this.name, name, elem } } }];
    });
  }

  private run(commands: object[]): Promise<NftResult> {
    return runNft(['-f', '-'], JSON.stringify({ nftables: commands }));
  }

  /** The addresses that the kernel keeps out at present, of the families of `of`; a string says why there is no telling. */
  async listed(of: readonly string[]): Promise<Set<string> | string> {
    const out = new Set<string>();
    for (const set of new Set(of.map(setOf))) {
      const { fault, answer } = await runNft(['list', 'set', 'inet', this.name, set], '');
      if (fault !== null) return fault;
      const found = elementsOf(answer);
      if (found === null) return 'the answer of nft is not understood';
      for (const address of found) out.add(address);
    }
    return out;
  }
}

/** Addresses in the answer to `list set`; null when it is none. */
export function elementsOf(answer: string): string[] | null {
  try {
    const { nftables } = JSON.parse(answer) as { nftables: { set?: { elem?: unknown[] } }[] };
    const set = nftables.find((o) => o.set !== undefined)?.set;
    if (set === undefined) return null;
    return (set.elem ?? []).map((e) => String((e as { elem?: { val: string } }).elem?.val ?? e));
  } catch {
    return null;
  }
}
