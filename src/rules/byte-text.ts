/** Bytes as text, one character a byte: what contents are kept as. */

/** Without case, as bytes are compared: letters of ASCII alone. */
export function lowerCase(bytes: string): string {
  return /[A-Z]/.test(bytes) ? bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : bytes;
}

export function toBytes(bytes: string): number[] {
  return [...Buffer.from(bytes, 'latin1')];
}
