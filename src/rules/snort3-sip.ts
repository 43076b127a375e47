/**
 * Snort 3's SIP options (Snort 3 rule writing guide, "SIP Specific Options") as expressions on the payload: SIP is text
 * whose messages begin with a start line (RFC 3261 section 7), and is not parsed here.
 */
import { RuleFault } from './faults.js';

/** The value of a pcre option for sip_method:NAME[,NAME…] or sip_method:!NAME. */
export function sipMethod(value: string): string {
  const words = value.split(',').map((w) => w.trim());
  const negated = words[0].startsWith('!');
  const names = words.map((w) => w.replace(/^!\s*/, ''));
  if (!names.every((n) => /^[A-Za-z]+$/.test(n)) || (negated && words.length > 1))
    throw new RuleFault(
      `sip_method:${value} is not understood`,
      'write sip_method:invite,cancel or sip_method:!invite',
    );
  const method = negated ? `(?!${names[0]} )[A-Z]+` : `(?:${names.join('|')})`;
  return `"/^${method} [^\\r\\n]+ SIP\\/2\\.0\\r?$/im"`;
}

/** The value of a pcre option for sip_stat_code: whole codes, or their first digit. */
export function sipStatCode(value: string): string {
  const codes = value.split(',').map((w) => w.trim());
  if (!codes.every((c) => /^[1-9](?:\d\d)?$/.test(c)))
    throw new RuleFault(
      `sip_stat_code:${value} is not understood`,
      'write codes such as 404, or 4 for all of their class',
    );
  return `"/^SIP\\/2\\.0 (?:${codes.map((c) => (c.length === 1 ? `${c}\\d\\d` : c)).join('|')})(?!\\d)/im"`;
}
