/** Runs a command line within this process, for tests of many command lines: what it writes is caught. */
import { runCommandLine } from '../../src/cli/program.js';
import type { ProgramResult } from './peccary.js';

type Write = typeof process.stdout.write;

/** As `peccary` of ./peccary.js; standard output is no terminal. */
export async function inProcess(args: string[]): Promise<ProgramResult> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const caught =
    (into: Buffer[]): Write =>
    (chunk: string | Uint8Array) => {
      into.push(Buffer.from(chunk as string));
      return true;
    };
  const { stdout, stderr } = process;
  const before = { out: stdout.write, err: stderr.write, tty: stdout.isTTY, code: process.exitCode };
  stdout.write = caught(out);
  stderr.write = caught(err);
  stdout.isTTY = false;
  try {
    const status = await runCommandLine(args);
    return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  } finally {
    stdout.write = before.out;
    stderr.write = before.err;
    stdout.isTTY = before.tty;
    process.exitCode = before.code;
  }
}
