/** Evaluates code in a worker thread of this process while it is busy, as a debugger does: to make it stand still. */
import { Session } from 'node:inspector';

interface Attached {
  params: { sessionId: string; workerInfo: { url: string } };
}

/** Evaluates `code` in every worker thread whose script's name ends in `script`; does not wait for its end. */
export async function evaluateInWorker(script: string, code: string): Promise<() => void> {
  const session = new Session();
  session.connect();
  const ids: string[] = [];
  session.on('NodeWorker.attachedToWorker', ({ params }: Attached) => {
    if (params.workerInfo.url.endsWith(script)) ids.push(params.sessionId);
  });
  await new Promise<void>((done, fail) => {
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (e) => (e === null ? done() : fail(e)));
  });
  if (ids.length === 0) throw new Error(`no worker runs ${script}`);
  const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: code } });
  for (const sessionId of ids) session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  return () => session.disconnect();
}
