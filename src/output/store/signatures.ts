/** The `signature` table: a row for each gid:sid:rev and rule text that ever fired. */
import type { AlertRecord, RuleInfo } from '../records.js';
import type { Database } from './open.js';

type Numbers = Pick<AlertRecord, 'gid' | 'sid' | 'rev'>;

export class SignatureTable {
  private readonly ids = new Map<string, number>();
  private byRule = new WeakMap<RuleInfo, number>();
  private readonly find;
  private readonly insert;

  constructor(db: Database) {
    this.find = db.prepare('SELECT id FROM signature WHERE sid = ? AND gid = ? AND rev = ? AND rule = ?').pluck();
    this.insert = db.prepare(
      `INSERT INTO signature (gid, sid, rev, msg, action, severity, classtype, category, refs, metadata, target, file, line, rule)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Row id of the rule that alerted; `rule` null (its rule set is not known): known by its numbers alone. */
  id(r: Numbers, rule: RuleInfo | null): number {
    const same = rule === null ? undefined : this.byRule.get(rule);
    if (same !== undefined) return same;
    const id = this.lookUp(r, rule);
    if (rule !== null) this.byRule.set(rule, id);
    return id;
  }

  private lookUp(r: Numbers, rule: RuleInfo | null): number {
    const key = `${r.gid}:${r.sid}:${r.rev}:${rule?.text ?? ''}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const found = this.find.get(r.sid, r.gid, r.rev, rule?.text ?? '') as number | undefined;
    const id =
      found ??
      Number(
        this.insert.run(
          r.gid,
          r.sid,
          r.rev,
          rule?.msg ?? '',
          rule?.action ?? 'alert',
          rule?.priority ?? 3,
          rule?.classtype ?? null,
          rule?.classText ?? '',
          JSON.stringify(rule?.references ?? []),
          JSON.stringify(rule?.metadata ?? []),
          rule?.target ?? null,
          rule?.file ?? '',
          rule?.line ?? 0,
          rule?.text ?? '',
        ).lastInsertRowid,
      );
    this.ids.set(key, id);
    return id;
  }

  /** As TextTable.forget. */
  forget(): void {
    this.ids.clear();
    this.byRule = new WeakMap();
  }
}
