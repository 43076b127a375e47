/**
 * Columns of tables (struct of arrays), reserved at full length: the operating system backs only pages that are touched.
 *
 * They lie in SharedArrayBuffers, because V8 counts ArrayBuffers as external memory of its heap: reserving the flow
 * table's columns as ArrayBuffers made it collect garbage five to ten times before the first packet.
 */

/** `n` zeroed cells of the type named. */
export const column = {
  i32: (n: number): Int32Array => new Int32Array(new SharedArrayBuffer(n * 4)),
  u32: (n: number): Uint32Array => new Uint32Array(new SharedArrayBuffer(n * 4)),
  u16: (n: number): Uint16Array => new Uint16Array(new SharedArrayBuffer(n * 2)),
  u8: (n: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(n)),
  f64: (n: number): Float64Array => new Float64Array(new SharedArrayBuffer(n * 8)),
};
