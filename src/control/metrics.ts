/** The Prometheus endpoint: http://127.0.0.1:9945/metrics. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PeccaryError } from '../core/errors.js';
import type { RunningSensor } from '../sensor/running.js';
import type { MetricsConfig } from './metrics-config.js';
import type { MetricsPage } from './metrics-page.js';

/** Bounds of the server: who scrapes is one or two. */
const enum Limit {
  Connections = 16,
  HeaderLen = 8192,
  RequestMs = 10_000,
  KeepAliveMs = 60_000,
}

export interface MetricsEndpoint {
  /** Of the page. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves metrics. prom-client is loaded only here. Throws PeccaryError when the address is taken or cannot be had. */
export async function openMetrics(
  sensor: RunningSensor,
  config: MetricsConfig,
  note: (message: string) => void,
): Promise<MetricsEndpoint> {
  const { metricsPage } = await import('./metrics-page.js');
  if (config.open) note(`metrics: whoever reaches ${config.host}:${config.port} can read them`);
  return serveMetrics(metricsPage(sensor), config, note);
}

async function serveMetrics(
  page: MetricsPage,
  { host, port }: MetricsConfig,
  note: (message: string) => void,
): Promise<MetricsEndpoint> {
  const server = createServer(
    {
      maxHeaderSize: Limit.HeaderLen,
      headersTimeout: Limit.RequestMs,
      requestTimeout: Limit.RequestMs,
      keepAliveTimeout: Limit.KeepAliveMs,
    },
    (request, response) => void answer(page, request, response, note),
  );
  server.maxConnections = Limit.Connections;
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new PeccaryError('config', `outputs.metrics.listen: ${error.message}`));
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  server.on('error', (error) => note(`metrics: ${error.message}`));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  page: MetricsPage,
  request: IncomingMessage,
  response: ServerResponse,
  note: (message: string) => void,
): Promise<void> {
  const send = (status: number, type: string, body: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  request.resume();
  if (request.url?.split('?')[0] !== '/metrics') return send(404, 'text/plain', 'The metrics are at /metrics\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return send(405, 'text/plain', 'GET or HEAD\n', { Allow: 'GET, HEAD' });
  }
  try {
    send(200, page.contentType, await page.text());
  } catch (error) {
    note(`metrics: a defect: ${error instanceof Error ? error.stack : String(error)}`);
    send(500, 'text/plain', 'A defect in Peccary itself, see its log\n');
  }
}
