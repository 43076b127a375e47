/**
 * What is done with files (Suricata user guide 7.0, "File Extraction", "File-store"): keys of the file-store output and
 * of EVE's `files`, and what rules and outputs ask for.
 */
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../core/settings.js';
import { FileBound, HashBit } from './tracked-file.js';

const Store = 'outputs.file-store';

class FileConfig {
  /** Files that rules name are stored. */
  storing = false;
  /** All files are stored. */
  storeAll = false;
  /** Folder of stored files. */
  dir = 'filestore';
  /** Bytes of a stored file; 0: all. */
  storeDepth = 0x10_0000;
  /** Descriptors kept open; further files are opened for each write. */
  maxOpen = 0;
  writeInfo = false;
  /** Files followed of one side of a transaction, and of a worker at a time. */
  maxPerSide: number = FileBound.PerSide;
  maxFollowed: number = FileBound.Open;
  /** Bytes kept of one file, and of all, in case a rule stores it later. */
  held: number = FileBound.Held;
  heldAll: number = FileBound.HeldAll;
  /** HashBit bits computed for every file. */
  hashes = 0;
  magic = false;
  /** libmagic's database, '' for its own. */
  magicFile = '';
}

/** The configuration in force. */
export const fileConfig = new FileConfig();

const hashBits: Record<string, HashBit> = { md5: HashBit.Md5, sha1: HashBit.Sha1, sha256: HashBit.Sha256 };

function hashList(settings: Settings, path: string): number {
  let bits = 0;
  for (const name of settings.list(path)) {
    const bit = hashBits[name.trim().toLowerCase()];
    if (bit === undefined) throw settings.fault(path, 'md5, sha1 or sha256');
    bits |= bit;
  }
  return bits;
}

/** Path of the options of EVE's `files` type, or null. */
function eveFiles(settings: Settings): string | null {
  const types = settings.get('outputs.eve-log.types');
  if (!Array.isArray(types)) return null;
  const at = types.findIndex(
    (t) => t !== null && typeof t === 'object' && !Array.isArray(t) && Object.hasOwn(t, 'files'),
  );
  return at < 0 ? null : `outputs.eve-log.types.${at}.files`;
}

/** Reads the configuration; throws PeccaryError('config') for a value that cannot be. */
export function readFileConfig(settings: Settings, logDir: string): void {
  const c = Object.assign(fileConfig, new FileConfig());
  c.magicFile = settings.string('magic-file', '');
  c.maxPerSide = settings.int('files.max-per-transaction', c.maxPerSide, 1, FileBound.MostPerSide);
  c.maxFollowed = settings.int('files.max-open', c.maxFollowed, 1, FileBound.MostOpen);
  c.held = settings.size('files.held-limit', c.held);
  c.heldAll = settings.size('files.held-memcap', c.heldAll);
  const eve = eveFiles(settings);
  if (eve !== null) {
    c.hashes |= hashList(settings, `${eve}.force-hash`);
    c.magic = settings.bool(`${eve}.force-magic`, false);
  }
  c.storeDepth = settings.size('stream.reassembly.depth', 0x10_0000);
  c.storing = settings.get(Store) !== undefined && settings.bool(`${Store}.enabled`, false);
  if (!c.storing) return;
  const dir = settings.string(`${Store}.dir`, 'filestore');
  c.dir = isAbsolute(dir) ? dir : join(logDir, dir);
  c.storeAll = settings.bool(`${Store}.force-filestore`, false);
  c.storeDepth = settings.size(`${Store}.stream-depth`, c.storeDepth);
  c.maxOpen = settings.int(`${Store}.max-open-files`, 0, 0, 4096);
  c.writeInfo = settings.bool(`${Store}.write-fileinfo`, false);
  c.hashes |= hashList(settings, `${Store}.force-hash`) | HashBit.Sha256;
  c.magic ||= settings.bool(`${Store}.force-magic`, false);
}
