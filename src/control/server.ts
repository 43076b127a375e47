/** The control socket: its clients, how many there may be, and what becomes of it when the sensor ends. */
import { createServer, type Server, type Socket } from 'node:net';
import { PeccaryError } from '../core/errors.js';
import type { RunningSensor } from '../sensor/running.js';
import { Commander } from './commands.js';
import { Connection, type Patience } from './connection.js';
import { refused, replyLine } from './messages.js';
import { listenAt, ownSocketPath, type SocketConfig } from './socket-path.js';

/** Clients at a time; for one more the client that has been idle longest goes. */
export const MaxClients = 64;

const patience: Patience = { handshakeMs: 10_000, commandMs: 10_000, replyMs: 30_000 };

export interface ControlSocket {
  readonly path: string;
  /** Stops listening, removes the socket, ends every connection. */
  close(): Promise<void>;
}

/**
 * Opens the socket; null: there can be none and need not be, which `note` is told. Throws PeccaryError where it must be
 * there and cannot.
 */
export async function openControlSocket(
  sensor: RunningSensor,
  { required, paths }: SocketConfig,
  note: (message: string) => void,
): Promise<ControlSocket | null> {
  try {
    return await serveControl(sensor, ownSocketPath(paths), note, patience);
  } catch (error) {
    if (required || !(error instanceof PeccaryError)) throw error;
    note(`no control socket: ${error.message}`);
    return null;
  }
}

/** Serves the control socket at `path`. */
export async function serveControl(
  sensor: RunningSensor,
  path: string,
  note: (message: string) => void,
  limits: Patience,
): Promise<ControlSocket> {
  const commander = new Commander(sensor, note);
  const clients = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (clients.size >= MaxClients && !makeRoom(clients)) turnAway(socket, limits);
    else {
      const run = commander.run.bind(commander);
      clients.add(new Connection(socket, limits, run, (connection) => clients.delete(connection)));
    }
  });
  // Those above MaxClients are told so and go; of more than that many at once nothing is read.
  server.maxConnections = 2 * MaxClients;
  await listenAt(server, path);
  // A client that could not be accepted (no descriptors left) may come again; the sensor goes on.
  server.on('error', (error) => note(`control socket: ${error.message}`));
  return { path, close: () => closeAll(server, clients) };
}

function makeRoom(clients: Set<Connection>): boolean {
  let oldest: Connection | null = null;
  for (const client of clients) {
    if (client.idle && (oldest === null || client.lastUsed < oldest.lastUsed)) oldest = client;
  }
  oldest?.close();
  return oldest !== null;
}

function turnAway(socket: Socket, { replyMs }: Patience): void {
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(), replyMs).unref();
  socket.on('close', () => clearTimeout(timer));
  socket.end(replyLine(refused(`There are ${MaxClients} clients already`)), () => socket.destroy());
}

function closeAll(server: Server, clients: Set<Connection>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const client of clients) client.close();
  });
}
