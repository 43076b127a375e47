/**
 * What a rule is read in: variables, classes, caches of header specifications, interned strings.
 * One object for all rules of a load; nothing in it depends on the rule being read.
 */
import type { Settings } from '../core/settings.js';
import { parseAddresses } from './addresses.js';
import type { Classification } from './classification.js';
import { RuleFault } from './faults.js';
import type { AddressSet, PortSet } from './ir.js';
import { parsePorts } from './ports.js';
import { addressVariables, portVariables, type Variables } from './variables.js';

export class RuleEnvironment {
  readonly addressVars: Variables;
  readonly portVars: Variables;
  private readonly addresses = new Map<string, AddressSet | RuleFault>();
  private readonly ports = new Map<string, PortSet | RuleFault>();
  private readonly strings = new Map<string, string>();
  /** Compiles an expression as pcre would and returns what is wrong with it, or null; absent: not checked here. */
  checkPattern: ((expr: string, flags: string) => string | null) | null = null;
  /** Types of the sets that rules have named so far: a later rule need not repeat it. */
  readonly datasetTypes = new Map<string, string>();
  /** Suggestions are sought for mistyped words; that costs more than the rest of a faulty rule. */
  suggests = true;
  /** Remarks about the rule being read (text only; the loader adds the place). */
  readonly remarks: { reason: string; hint: string | null }[] = [];

  constructor(
    readonly settings: Settings,
    readonly classification: Classification,
    readonly ruleVersion: 7 | 8,
    /** Folder of the rule file being read: data files are looked for there. */
    public folder: string,
  ) {
    this.addressVars = addressVariables(settings);
    this.portVars = portVariables(settings);
  }

  /** Equal text gives the same (shared, read-only) set. */
  addressSet(text: string): AddressSet {
    return cached(this.addresses, text, () => parseAddresses(text, this.addressVars));
  }

  portSet(text: string): PortSet {
    return cached(this.ports, text, () => parsePorts(text, this.portVars));
  }

  /** One copy of each string that many rules share. */
  intern(text: string): string {
    const known = this.strings.get(text);
    if (known !== undefined) return known;
    this.strings.set(text, text);
    return text;
  }

  warn(reason: string, hint: string | null = null): void {
    this.remarks.push({ reason, hint });
  }
}

function cached<T extends object>(cache: Map<string, T | RuleFault>, text: string, make: () => T): T {
  let known = cache.get(text);
  if (known === undefined) {
    try {
      known = make();
    } catch (e) {
      if (!(e instanceof RuleFault)) throw e;
      known = e;
    }
    cache.set(text, known);
  }
  if (known instanceof RuleFault) throw known;
  return known as T;
}
