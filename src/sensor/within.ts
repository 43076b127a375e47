/** A bound for what may take long. */
import { PeccaryError } from '../core/errors.js';

/** What it comes to; throws PeccaryError, with the words `late`, when that takes more than `ms` milliseconds. */
export async function within<T>(what: Promise<T>, ms: number, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new PeccaryError('runtime', late)), ms);
  });
  try {
    return await Promise.race([what, expired]);
  } finally {
    clearTimeout(timer);
  }
}
