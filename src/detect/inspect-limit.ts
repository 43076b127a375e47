/** Bounds of verification. */
export const enum InspectLimit {
  /** Steps a program may take on one buffer (Suricata: detect.inspection-recursion-limit). */
  Steps = 3000,
  /** Bytes base64_decode decodes at most (Suricata: 65,535). */
  Base64 = 65_535,
  /** isdataat with a variable above this never has data (Suricata). */
  IsDataAtMax = 100_000_000,
}
