/** A thread that opens one handle of each kind that needs no file, uses the handles it was told, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { compileBpf } from '../../src/addon/bpf.js';
import { acquireHandle, handleCounts } from '../../src/addon/handles.js';
import { bindScan, compileLiterals, HsMode, openStream, scan } from '../../src/addon/hyperscan.js';
import { Compression, openInflate } from '../../src/addon/inflate.js';
import { compilePcre, pcreMatch } from '../../src/addon/pcre.js';
import { inputOff, put } from './scratch.js';

const { database, pcre } = workerData as { database: number; pcre: number };
const jobs = new Uint32Array(4);
bindScan(jobs, new Uint32Array(64));
const len = put(inputOff, 'a shared needle');
jobs.set([inputOff, len, database, 0]);
const shared = scan(1);
const matched = pcreMatch(pcre, inputOff, len, 0, 0);
openStream(compileLiterals([{ pattern: 'own', flags: 0, id: 1 }], HsMode.Stream) as number);
compilePcre('own', 0);
openInflate(Compression.Gzip);
openInflate(Compression.Brotli);
compileBpf('tcp port 80', 1, 65_535);
parentPort?.postMessage({ shared, matched, acquired: acquireHandle(database), counts: handleCounts() });
