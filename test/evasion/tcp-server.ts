/**
 * A web server that keeps what its connections got: argument 1 the address to listen on, port 80, argument 2 the file that gets
 * a line of JSON, client port and bytes, for everything it reads.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Answer, requestEnd } from './tcp-model.js';

const [address, port, log] = process.argv.slice(2);
const server = createServer((socket) => {
  let waiting = '';
  const from = socket.remotePort;
  socket.setNoDelay(true);
  socket.on('data', (data) => {
    const text = data.toString('latin1');
    appendFileSync(log, `${JSON.stringify([from, text])}\n`);
    waiting += text;
    for (let end = requestEnd(waiting); end >= 0; end = requestEnd(waiting)) {
      waiting = waiting.slice(end);
      socket.write(Answer);
    }
  });
  socket.on('error', () => socket.destroy());
});
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
