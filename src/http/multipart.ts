import type { HttpConn } from './conn.js';
import type { HttpTransaction } from './tx.js';
export function findBoundary(_tx: HttpTransaction): boolean {
  return false;
}
export function multipartData(_conn: HttpConn, _tx: HttpTransaction, _off: number, _len: number): void {}
export function multipartEnd(_conn: HttpConn, _tx: HttpTransaction): void {}
