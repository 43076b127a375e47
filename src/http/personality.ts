/** How a server reads a request: the traits by which servers differ, and a preset of them for each known server. */
export const enum Personality {
  Minimal = 0,
  Generic = 1,
  Ids = 2,
  Iis40 = 3,
  Iis50 = 4,
  Iis51 = 5,
  Iis60 = 6,
  Iis70 = 7,
  Iis75 = 8,
  Apache2 = 9,
}

/** What to do with a percent sign that two hexadecimal digits do not follow. */
export const enum InvalidPercent {
  Keep = 0,
  Remove = 1,
  /** Decode the two bytes as if they were digits. */
  Decode = 2,
}

export class UriSettings {
  personality: Personality = Personality.Ids;
  /** A NUL byte ends the request line. */
  nulEndsLine = false;
  /** White space before the method stays part of the method. */
  keepLeadingSpace = false;
  backslash = true;
  decodeSeparators = true;
  compressSeparators = true;
  lowercase = false;
  utf8BestFit = true;
  percentU = true;
  invalidPercent: InvalidPercent = InvalidPercent.Keep;
  nulEncodedEnds = false;
  nulRawEnds = false;
  /** Byte for characters that have no place in the single-byte code page. */
  replacement = 0x3f;
  doubleDecodePath = false;
  doubleDecodeQuery = false;
  queryPlusSpace = false;
  /** http.uri also shows scheme, credentials, host and port when the request line has them. */
  includeAll = false;
}

const names: readonly [string, Personality][] = [
  ['minimal', Personality.Minimal],
  ['generic', Personality.Generic],
  ['ids', Personality.Ids],
  ['iis_4_0', Personality.Iis40],
  ['iis_5_0', Personality.Iis50],
  ['iis_5_1', Personality.Iis51],
  ['iis_6_0', Personality.Iis60],
  ['iis_7_0', Personality.Iis70],
  ['iis_7_5', Personality.Iis75],
  ['apache', Personality.Apache2],
  ['apache_2', Personality.Apache2],
  ['apache_2_2', Personality.Apache2],
  ['tomcat_6_0', Personality.Generic],
];

/** Number of a personality named as in suricata.yaml, -1 when there is none. */
export function personalityByName(name: string): Personality | -1 {
  const key = name.toLowerCase();
  for (const [n, p] of names) if (n === key) return p;
  return -1;
}

/** Sets the traits of `p`; what a server has no opinion on stays as it is. */
export function presetUri(u: UriSettings, p: Personality): void {
  const iis = p >= Personality.Iis40 && p <= Personality.Iis75;
  const apache = p === Personality.Apache2;
  u.personality = p;
  u.nulEndsLine = apache;
  u.keepLeadingSpace = apache;
  u.backslash = iis || p === Personality.Ids || p === Personality.Generic;
  u.decodeSeparators = u.backslash;
  u.compressSeparators = p !== Personality.Minimal;
  u.lowercase = false;
  u.utf8BestFit = p === Personality.Ids;
  u.percentU = p === Personality.Ids || p === Personality.Iis60;
  u.invalidPercent = InvalidPercent.Keep;
}
