import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { Connection } from '../../src/control/connection.js';
import { done, type Request } from '../../src/control/messages.js';

const patience = { handshakeMs: 5000, commandMs: 5000, replyMs: 5000 };

/** Gives a connection these pieces, ends, and returns the commands it ran and the lines it wrote. */
async function converse(pieces: readonly Buffer[]): Promise<{ ran: string[]; lines: string[] }> {
  let written = '';
  const ran: string[] = [];
  let under = 0;
  const socket = new Duplex({
    allowHalfOpen: true,
    read: () => undefined,
    write(bytes: Buffer, _encoding, next) {
      written += bytes.toString('latin1');
      next();
    },
  });
  const closed = new Promise<void>((resolve) => {
    const run = async ({ command }: Request) => {
      assert.equal(under++, 0, 'one command at a time');
      ran.push(command);
      await new Promise((then) => setImmediate(then));
      under--;
      return done(command);
    };
    new Connection(socket as unknown as Socket, patience, run, () => resolve());
  });
  for (const piece of pieces) socket.push(piece);
  socket.push(null);
  await closed;
  return { ran, lines: written.split('\n').slice(0, -1) };
}

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe('a connection of the control socket', () => {
  const line = fc.oneof(
    fc.string({ maxLength: 12 }).map((command) => JSON.stringify({ command })),
    fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', '')),
    fc.constant('{"command":'),
    fc.constant(''),
  );

  it('answers every line once and in order, wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.array(fc.nat(600), { maxLength: 20 }),
        async (all, places) => {
          const bytes = Buffer.from(`{"version":"0.2"}${all.map((l) => `${l}\n`).join('')}`, 'utf8');
          const { ran, lines } = await converse(cut(bytes, places));
          const isCommand = (l: string): boolean => /^\{"command":"/.test(l);
          assert.deepEqual(
            ran,
            all.filter(isCommand).map((l) => JSON.parse(l).command),
          );
          assert.deepEqual(
            lines.map((l) => JSON.parse(l).return),
            ['OK', ...all.filter((l) => l !== '').map((l) => (isCommand(l) ? 'OK' : 'NOK'))],
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('ends whatever it is sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 700 }), fc.boolean(), async (bytes, greeted) => {
        const all = greeted ? Buffer.concat([Buffer.from('{"version":"0.2"}'), bytes]) : Buffer.from(bytes);
        const { lines } = await converse(cut(all, [7, 300]));
        for (const l of lines) assert.ok(['OK', 'NOK'].includes(JSON.parse(l).return));
      }),
      { numRuns: 150 },
    );
  });
});
