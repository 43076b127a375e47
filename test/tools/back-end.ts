/**
 * What stands behind the web server, run as `node back-end.js PORT`: answers a POST with the SHA-256 of its body, and echoes
 * whatever comes after an upgrade.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const [port] = process.argv.slice(2).map(Number);
if (port > 0) {
  const server = createServer((req, answer) => {
    const hash = createHash('sha256');
    req.on('data', (d: Buffer) => hash.update(d));
    req.once('end', () => answer.end(hash.digest('hex')));
  });
  server.on('upgrade', (_req, socket, head) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  });
  server.listen(port, '127.0.0.1', () => process.stdout.write('listening\n'));
}
