/** What a keyword file exports: its documentation and how it is read. */
import type { RuleBuilder } from '../builder.js';

export interface Keyword {
  /** Name as the field writes it; letter case does not count. */
  readonly name: string;
  /** Older or shorter names. */
  readonly aliases?: readonly string[];
  readonly description: string;
  /** Version of the rule language that brought it, when it is later than 7. */
  readonly since?: 8;
  /** Its value, in the notation of the user guide; '' when it takes none. */
  readonly args: string;
  /** Where it looks: name of the buffer, or '' when that does not apply. */
  readonly buffer?: string;
  /** A rule's options that use it. */
  readonly example: string;
  /** Whether a value must, may or must not follow. */
  readonly value: 'none' | 'optional' | 'required';
  /** Double quotes around the value: absent means refused. */
  readonly quotes?: 'optional' | 'mandatory';
  /** '!' before the value is taken off and handed over as `negated`. */
  readonly negatable?: boolean;
  /**
   * Reads the value (without quotes and `!`; '' when absent) and writes its meaning into the rule.
   * Throws RuleFault or RuleSkip.
   */
  apply(b: RuleBuilder, value: string, negated: boolean): void;
}
