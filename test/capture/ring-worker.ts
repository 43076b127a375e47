/** The pipeline's side of a pcap-parser test: reads everything from the ring and posts it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SourceOptions } from '../../src/capture/source.js';
import { readPaths } from './read-all.js';

const { files, options } = workerData as { files: string[]; options: SourceOptions };
parentPort?.postMessage(readPaths(files, options));
