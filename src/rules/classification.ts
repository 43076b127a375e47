/**
 * classification.config and reference.config (Suricata 7.0.10 user guide, "Classtype" and "Reference").
 */
import { readInput } from './inputs.js';
import type { RuleNote } from './ir.js';
import { parseDecimal } from './numbers.js';
import { standardClasses } from './standard-classes.js';

export interface RuleClass {
  name: string;
  text: string;
  priority: number;
}

export class Classification {
  /** By lower-case name. */
  readonly classes = new Map<string, RuleClass>();
  /** Reference systems by lower-case name, with the prefix of their addresses. */
  readonly references = new Map<string, string>();
  readonly notes: RuleNote[] = [];

  /** Reads `config classification: shortname,description,priority` lines. */
  readClasses(path: string): void {
    this.eachLine(path, (line, lineNo) => {
      const m = /^\s*config\s+classification\s*:\s*([a-zA-Z][a-zA-Z0-9\-_]*)\s*,\s*(.+?)\s*,\s*(\d+)\s*$/.exec(line);
      const priority = m === null ? null : parseDecimal(m[3], 255);
      if (m === null || priority === null) {
        this.note(path, lineNo, 'not a classification', 'write: config classification: name,description,priority');
        return;
      }
      const key = m[1].toLowerCase();
      if (!this.classes.has(key)) this.classes.set(key, { name: m[1], text: m[2], priority });
    });
  }

  /** Adds the classes that everyone's rules use, after those already known. */
  addStandardClasses(): void {
    for (const [name, priority, text] of standardClasses) {
      if (!this.classes.has(name)) this.classes.set(name, { name, text, priority });
    }
  }

  /** Reads `config reference: system url-prefix` lines. */
  readReferences(path: string): void {
    this.eachLine(path, (line, lineNo) => {
      const m = /^\s*config\s+reference\s*:\s*([a-zA-Z][a-zA-Z0-9\-_]*)\s+(\S+)\s*$/.exec(line);
      if (m === null) {
        this.note(path, lineNo, 'not a reference system', 'write: config reference: name prefix');
        return;
      }
      const key = m[1].toLowerCase();
      if (!this.references.has(key)) this.references.set(key, m[2]);
    });
  }

  private eachLine(path: string, use: (line: string, lineNo: number) => void): void {
    let text: string;
    try {
      text = readInput(path).toString('utf8');
    } catch (e) {
      this.note(path, 0, `cannot be read: ${(e as Error).message}`, null);
      return;
    }
    text.split('\n').forEach((line, i) => {
      const t = line.trim();
      if (t !== '' && !t.startsWith('#')) use(line, i + 1);
    });
  }

  private note(file: string, line: number, reason: string, hint: string | null): void {
    this.notes.push({ file, line, column: 1, sid: null, reason, hint });
  }
}
