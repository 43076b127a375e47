/** Typed arrays over SharedArrayBuffers, so that all workers read one copy. */
export function sharedI32(values: ArrayLike<number>): Int32Array {
  const out = new Int32Array(new SharedArrayBuffer(Math.max(4, values.length * 4)), 0, values.length);
  out.set(values);
  return out;
}
export function sharedU32(values: ArrayLike<number>): Uint32Array {
  const out = new Uint32Array(new SharedArrayBuffer(Math.max(4, values.length * 4)), 0, values.length);
  out.set(values);
  return out;
}
export function sharedU16(values: ArrayLike<number>): Uint16Array {
  const out = new Uint16Array(new SharedArrayBuffer(Math.max(4, values.length * 2)), 0, values.length);
  out.set(values);
  return out;
}
export function sharedU8(values: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(new SharedArrayBuffer(Math.max(4, values.length)), 0, values.length);
  out.set(values);
  return out;
}
export function sharedF64(values: ArrayLike<number>): Float64Array {
  const out = new Float64Array(new SharedArrayBuffer(Math.max(8, values.length * 8)), 0, values.length);
  out.set(values);
  return out;
}
