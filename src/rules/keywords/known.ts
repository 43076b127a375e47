/** Which keywords exist, for `requires`; filled by list.ts so that keyword files need not import the list. */
const names = new Set<string>();

export function rememberKeyword(name: string): void {
  names.add(name);
}

export function isKnownKeyword(name: string): boolean {
  return names.has(name.toLowerCase());
}
