/**
 * Loaded before the program (node --import): on SIGWINCH the threads that capture block in the kernel for good, as on a
 * file system that does not answer: they open a FIFO (PECCARY_TEST_FIFO) that nobody writes to.
 */
import { evaluateInWorker } from './worker-console.js';

process.on('SIGWINCH', () => {
  const open = `process.getBuiltinModule('node:fs').openSync(${JSON.stringify(process.env.PECCARY_TEST_FIFO)})`;
  void evaluateInWorker('live-worker.js', open);
});
