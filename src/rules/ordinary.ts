/** What nearly every message has: a pattern that lies in it singles nothing out. */
import { BufferId } from '../protocol/buffers.js';

const agent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36';
const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const request = `\r\nHost: www.\r\nUser-Agent: ${agent}\r\nAccept: ${accept}\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nReferer: http://www.\r\nConnection: keep-alive\r\n`;
const response = '\r\nServer: Apache\r\nContent-Type: text/html\r\nContent-Length: \r\nConnection: close\r\n';
const names =
  '\r\nHost\r\nUser-Agent\r\nAccept\r\nAccept-Language\r\nAccept-Encoding\r\nReferer\r\nConnection\r\nCookie\r\nServer\r\nDate\r\nContent-Type\r\nContent-Length\r\n';

const samples: ReadonlyMap<BufferId, readonly string[]> = new Map<BufferId, readonly string[]>([
  [BufferId.Payload, ['GET / HTTP/1.1\r\n', 'POST / HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', request, response]],
  [BufferId.HttpMethod, ['GET', 'POST', 'HEAD']],
  [BufferId.HttpUri, ['/index.html', '/index.php?id=', '.php?', '.html']],
  [BufferId.HttpUriRaw, ['/index.html', '/index.php?id=', '.php?', '.html']],
  [BufferId.HttpRequestLine, ['GET / HTTP/1.1', 'POST / HTTP/1.1', '.php HTTP/1.1']],
  [BufferId.HttpResponseLine, ['HTTP/1.1 200 OK', 'HTTP/1.1 302 Found', 'HTTP/1.1 404 Not Found']],
  [BufferId.HttpProtocol, ['HTTP/1.1', 'HTTP/1.0']],
  [BufferId.HttpStatCode, ['200', '302', '304', '404']],
  [BufferId.HttpStatMsg, ['OK', 'Found', 'Not Found', 'Not Modified']],
  [BufferId.HttpHost, ['www.', '.com', '.net', '.org']],
  [BufferId.HttpHostRaw, ['www.', '.com', '.net', '.org']],
  [BufferId.HttpUserAgent, [agent]],
  [BufferId.HttpAccept, [accept]],
  [BufferId.HttpAcceptLang, ['en-US,en;q=0.5']],
  [BufferId.HttpAcceptEnc, ['gzip, deflate']],
  [BufferId.HttpReferer, ['http://www.', 'https://www.']],
  [BufferId.HttpConnection, ['keep-alive', 'Keep-Alive', 'close']],
  [BufferId.HttpContentType, ['text/html; charset=UTF-8', 'application/x-www-form-urlencoded']],
  [BufferId.HttpHeader, [request, response]],
  [BufferId.HttpHeaderRaw, [request, response]],
  [BufferId.HttpHeaderNames, [names]],
  [BufferId.HttpStart, ['GET / HTTP/1.1\r\n', 'POST / HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', request, response]],
  [BufferId.FileData, ['<html><head>', '<script>', '</script>', '<body>', '</html>', 'http://www.']],
  [BufferId.HttpResponseBody, ['<html><head>', '<script>', '</script>', '<body>', '</html>', 'http://www.']],
]);

const lowered = new Map([...samples].map(([buffer, list]) => [buffer, list.map((sample) => sample.toLowerCase())]));

/** Whether an ordinary browser and server send these bytes in that buffer, in whatever letter case. */
export function isOrdinary(buffer: BufferId, bytes: string): boolean {
  const text = bytes.toLowerCase();
  return lowered.get(buffer)?.some((sample) => sample.includes(text)) === true;
}
