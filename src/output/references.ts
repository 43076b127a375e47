/** Where a rule's `reference` leads. */

/** Prefixes of the reference types that the public rule sets use. */
const prefixes: Record<string, string> = {
  url: 'https://',
  cve: 'https://nvd.nist.gov/vuln/detail/CVE-',
  bugtraq: 'https://www.securityfocus.com/bid/',
  nessus: 'https://www.tenable.com/plugins/nessus/',
  md5: 'https://www.virustotal.com/gui/search/',
  exploitdb: 'https://www.exploit-db.com/exploits/',
  et: 'https://threatintel.proofpoint.com/sid/',
};

/** An address a person can open; for a type we do not know "type,value" as the rule has it. */
export function referenceUrl(ref: { type: string; value: string }): string {
  const value = ref.value.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value;
  const type = ref.type.trim().toLowerCase();
  const prefix = Object.hasOwn(prefixes, type) ? prefixes[type] : null;
  if (prefix === null) return `${ref.type},${value}`;
  return prefix + (type === 'cve' ? value.replace(/^cve-/i, '') : value);
}
