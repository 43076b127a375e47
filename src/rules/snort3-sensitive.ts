/** Snort 3's sd_pattern (Snort 3 rule writing guide, "sd_pattern"): sensitive data, a number of times. */
import { RuleFault, RuleSkip } from './faults.js';

const enum SensitiveLimit {
  Threshold = 255,
}

/** Built-in patterns; digits stand by themselves. */
const builtIn: ReadonlyMap<string, string> = new Map([
  ['us_social', '(?<!\\d)\\d{3}-\\d{2}-\\d{4}(?!\\d)'],
  ['us_social_nodashes', '(?<!\\d)\\d{9}(?!\\d)'],
  ['us_phone', '(?<!\\d)(?:\\(\\d{3}\\) ?|\\d{3}[-. ])\\d{3}[-. ]\\d{4}(?!\\d)'],
  ['email', '[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}'],
]);

/** The value of a pcre option that finds the pattern `threshold` times (1 when absent), one after the other. */
export function sensitivePattern(value: string): string {
  const m = /^"(.+)"\s*(?:,\s*threshold\s+(\d{1,3})\s*)?$/s.exec(value);
  const times = m?.[2] === undefined ? 1 : Number(m[2]);
  if (m === null || times === 0 || times > SensitiveLimit.Threshold)
    throw new RuleFault(`sd_pattern:${value} is not understood`, 'write sd_pattern:"PATTERN",threshold N');
  if (m[1] === 'credit_card') throw new RuleSkip('sd_pattern: check digits of card numbers are not computed');
  const pattern = builtIn.get(m[1]) ?? m[1].replace(/(?<!\\)\//g, '\\/');
  return times === 1 ? `"/${pattern}/"` : `"/(?:(?:${pattern})[\\s\\S]*?){${times}}/"`;
}
