/**
 * Messages of signatures, which Snort's own logs leave out: sid-msg.map in its first form "sid || message || reference…"
 * and its second "gid || sid || rev || class || priority || message || reference…".
 */

export interface MappedSignature {
  msg: string;
  classtype: string | null;
  priority: number | null;
  references: { type: string; value: string }[];
}

/** Lines of a map at most; public maps have about 60,000. */
const LinesMax = 1_000_000;

const reference = (text: string): { type: string; value: string }[] => {
  const at = text.indexOf(',');
  return at <= 0 ? [] : [{ type: text.slice(0, at).trim(), value: text.slice(at + 1).trim() }];
};

export class SidMap {
  private readonly known = new Map<string, MappedSignature>();

  /** Adds a map's lines; those that are none are left out. */
  add(text: string): void {
    for (const line of text.split('\n', LinesMax)) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const parts = line.split('||').map((p) => p.trim());
      const second = parts.length >= 6 && /^\d+$/.test(parts[0]) && /^\d+$/.test(parts[1]) && /^\d+$/.test(parts[2]);
      if (second) {
        const [gid, sid, , classtype, priority, msg, ...refs] = parts;
        this.known.set(`${gid}:${sid}`, {
          msg,
          classtype: /^[a-z][\w-]*$/i.test(classtype) && classtype !== 'NOCLASS' ? classtype : null,
          priority: /^[1-9]\d{0,2}$/.test(priority) ? Number(priority) : null,
          references: refs.flatMap(reference),
        });
      } else if (parts.length >= 2 && /^\d+$/.test(parts[0])) {
        const [sid, msg, ...refs] = parts;
        this.known.set(`1:${sid}`, { msg, classtype: null, priority: null, references: refs.flatMap(reference) });
      }
    }
  }

  get(gid: number, sid: number): MappedSignature | null {
    return this.known.get(`${gid}:${sid}`) ?? this.known.get(gid === 3 ? `1:${sid}` : '') ?? null;
  }
}
