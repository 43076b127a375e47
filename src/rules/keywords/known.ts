/** Which keywords exist, for `requires`; filled by list.ts so that keyword files need not import the list. */
const names = new Map<string, 7 | 8>();

export function rememberKeyword(name: string, since: 7 | 8 = 7): void {
  names.set(name, since);
}

/** Whether the rule language of this version has the keyword. */
export function isKnownKeyword(name: string, ruleVersion: 7 | 8): boolean {
  return (names.get(name.toLowerCase()) ?? Number.POSITIVE_INFINITY) <= ruleVersion;
}
