/**
 * A process of its own that ends a sensor which is to fail open and stands still: the kernel then lets the traffic pass,
 * because nobody answers the queue. Started by watchdog.ts with the sensor's process number, the limit in milliseconds and
 * the queues; it ends with the sensor, whose end of its standard input closes.
 */
import { queueStates } from '../capture/nfqueue-state.js';
import { QueueWatch, QueueWatchLimit, WatchdogWord } from './queue-watch.js';

const [sensor, limitMs, ...queues] = process.argv.slice(2).map(Number);
const watch = new QueueWatch(queues, limitMs);

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.on('data', (words: Buffer) => {
  for (const word of words.toString('latin1')) watch.expect(word === WatchdogWord.Pause, performance.now());
});
setInterval(() => {
  const stoodMs = watch.look(queueStates(), performance.now());
  if (stoodMs === 0) return;
  process.kill(sensor, 'SIGKILL');
  const time = new Date().toISOString();
  process.stderr.write(
    `${time} error: watchdog: the sensor has answered no packet for ${Math.round(stoodMs)} ms and is ended, so that traffic passes\n`,
  );
  process.exit(0);
}, QueueWatchLimit.EveryMs);
