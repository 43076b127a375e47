/**
 * Why a rule is not taken. Thrown by the parser and the keywords while a rule is read (never for traffic), caught
 * by src/rules/build.ts, which turns it into a RuleNote with the place in the file.
 */

/** The rule is wrong: it is refused. `reason` says what is wrong, `hint` what to write instead. */
export class RuleFault extends Error {
  readonly reason: string;
  readonly hint: string | null;
  /** Offset into the rule's text where the fault lies, -1 when the option's own place is meant. */
  readonly offset: number;
  constructor(reason: string, hint: string | null = null, offset = -1) {
    // Nobody reads its stack, and a set of a million faulty rules would spend most of its time on them.
    const depth = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = depth;
    this.name = 'RuleFault';
    this.reason = reason;
    this.hint = hint;
    this.offset = offset;
  }
}

/**
 * The rule may be right but speaks of something that Peccary does not inspect: it is skipped, with the reason.
 * No Error: a public rule set has ten thousand of these, and nobody reads their stacks.
 */
export class RuleSkip {
  constructor(readonly reason: string) {}
}
