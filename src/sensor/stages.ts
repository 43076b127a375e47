/** Every stage reads its part of the configuration, in the order of the path of a packet. */
import { configureAlerts } from '../alert/verdict.js';
import { configureAppLayer } from '../applayer/applayer.js';
import type { Settings } from '../core/settings.js';
import { configureDecode, setMtu } from '../decode/decode.js';
import { configureDefrag } from '../defrag/defrag.js';
import { configureDatasets } from '../detect/datasets.js';
import { configureDetect } from '../detect/engine.js';
import { configureFiles } from '../files/files.js';
import { configureFlow } from '../flow/table.js';
import { configureHttp } from '../http/parser.js';
import { configureStream } from '../stream/stream.js';
import { type ChecksumMode, configureChecksums } from './checksums.js';
import { healthConfig } from './health-config.js';
import { resetHealthInputs } from './health-inputs.js';

/**
 * Throws PeccaryError('config') for a value that cannot be. `inline`: data is inspected on arrival and verdicts count.
 * `logDir`: where relative folders of the configuration lie.
 */
export function configureStages(settings: Settings, checksums: ChecksumMode, inline: boolean, logDir: string): void {
  configureDecode(settings);
  configureDefrag(settings, inline);
  configureFlow(settings, inline);
  configureStream(settings, inline);
  configureAppLayer(settings, inline);
  configureHttp(settings, inline);
  configureFiles(settings, logDir);
  configureDetect(settings, inline);
  configureDatasets(settings, logDir);
  configureAlerts(settings, inline);
  setMtu(healthConfig(settings).mtu);
  resetHealthInputs();
  configureChecksums(checksums, settings.bool('stream.checksum-validation', true));
}
