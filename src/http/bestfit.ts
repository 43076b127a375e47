/**
 * Best-fit mapping of Unicode to the single-byte code page 1252, as Windows servers apply it to request paths (the
 * published bestfit1252 table of the Unicode consortium): what an attacker may write instead of an ASCII character.
 */

/** Byte for each code point of the basic plane; 0 where there is none. */
const table = new Uint8Array(0x1_0000);

/** Code page 1252, bytes 0x80..0x9f. */
const upper1252 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

/** ASCII look-alikes outside the ranges filled below: code point, character. */
const alike =
  '00a6| 0110D 0111d 0126H 0127h 0131i 0141L 0142l 0166T 0167t 0180b 0189D 0197I 019aL 01abt 01aeT 01b6z 01c0| 01c3! ' +
  "01e4G 01e5g 0261g 02b9' 02ba\" 02bc' 02c4^ 02c8' 02cb` 02cd_ 0300` 0302^ 0303~ 030e\" 0331_ 0332_ 037e; 04bbh " +
  "0589: 066a% 2010- 2011- 2016= 2017= 2032' 2035` 2044/ 2074" +
  '4 20a7P 2102C 210ag 210bH 210cH 210dH 210eh 2110I ' +
  '2111I 2112L 2113l 2115N 2118P 2119P 211aQ 211bR 211cR 211dR 2124Z 2128Z 212aK 212cB 212dC 212ee 212fe 2130E 2131F ' +
  '2133M 2134o 2212- 2215/ 2216\\ 2217* 221av 2223| 2236: 223c~ 2303^ 2329< 232a> 2500- 2502| 2550= 2551| 3008< 3009> ' +
  '301a[ 301b]';

function fill(): void {
  for (let i = 0; i < upper1252.length; i++) if (upper1252[i] !== 0) table[upper1252[i]] = 0x80 + i;
  for (let c = 0xff01; c <= 0xff5e; c++) table[c] = c - 0xfee0;
  for (const c of [0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x3000]) table[c] = 0x20;
  // Latin letters with marks fit to the plain letter.
  for (let c = 0x100; c <= 0x1ff; c++) {
    if (table[c] !== 0) continue;
    const plain = String.fromCharCode(c).normalize('NFD').charCodeAt(0);
    if (plain < 0x80) table[c] = plain;
  }
  for (const entry of alike.split(' ')) table[Number.parseInt(entry.slice(0, 4), 16)] = entry.charCodeAt(4);
}
fill();

/** The byte that stands for a code point, or `replacement` when the code page has nothing like it. */
export function bestFit(codePoint: number, replacement: number): number {
  if (codePoint < 0x100) return codePoint;
  if (codePoint > 0xffff) return replacement;
  const byte = table[codePoint];
  return byte === 0 ? replacement : byte;
}
