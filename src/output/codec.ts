/**
 * Batches of event records as bytes: msgpackr with structures that both sides know beforehand, so that a batch
 * carries no field names, needs no other batch to be read, and may be lost or spilled on its own.
 *
 * A batch is [rule set number, records], and the place of these where several workers replay. Decoded bytes fields are views of the batch.
 */
import { Packr, Unpackr } from 'msgpackr';
import type { BatchOrder } from './order.js';
import type { EventRecord } from './records.js';

const base = 'tsUs flowId pcapCnt src dst srcPort dstPort proto icmpType icmpCode vlan origin pktSrc vars';
const protos = 'appProto appProtoTs appProtoTc';

/**
 * Fields of each kind of object, in the order in which encode.ts writes them. An object whose fields are not listed is
 * encoded with its own field names: correct, but larger.
 */
export const structures: readonly string[][] = [
  `kind ${base} alerted http client`,
  `kind ${base} ${protos} flow state reason emergency alerted action responseIcmpType responseIcmpCode tcp`,
  `kind ${base} ${protos} rule gid sid rev action verdict reject direction txId txGuessed http client files tunnel flow ` +
    'payload stream packet linkType matches',
  `kind ${base} packet linkType`,
  `kind ${base} type event layer appProto txId packet linkType`,
  `kind ${base} reason len rule txId reject ip tcp udpLen icmpId icmpSeq direction`,
  `kind ${base} http appProto file`,
  'kind tsUs uptimeS counters',
  'kind count bytes',
  'txId hostname port url method protocol status statusString userAgent referer contentType redirect xff ' +
    'contentRange length requestHead responseHead requestBody responseBody',
  'src dst srcPort dstPort startUs lastUs pktsToServer pktsToClient bytesToServer bytesToClient',
  'flags flagsTs flagsTc state tsGap tcGap',
  'src dst proto depth pcapCnt pktSrc',
  'filename sids magic gaps state md5 sha1 sha256 stored storing fileId size start end txId',
  'flowbits flowints flowvars pktvars',
  'buffer off len bytes',
  'version ttl tos id flowLabel',
  'seq ack win flags reserved urgent',
].map((s) => s.split(' '));

const options = () => ({
  structures: structures.map((s) => [...s]),
  maxSharedStructures: structures.length,
  bundleStrings: true,
});

/** A decoded batch. `rules` numbers the rule set that AlertRecord.rule counts in. */
export interface EventBatch {
  rules: number;
  records: EventRecord[];
  order: BatchOrder | null;
}

/** One encoder a thread; `encode` returns bytes that belong to the caller. */
export class BatchEncoder {
  private readonly packr = new Packr(options());

  encode(rules: number, records: EventRecord[], order?: BatchOrder): Uint8Array {
    return this.packr.pack(order === undefined ? [rules, records] : [rules, records, order]);
  }
}

export class BatchDecoder {
  private readonly unpackr = new Unpackr(options());

  decode(bytes: Uint8Array): EventBatch {
    const [rules, records, order] = this.unpackr.unpack(bytes) as [number, EventRecord[], BatchOrder?];
    return { rules, records, order: order ?? null };
  }
}
