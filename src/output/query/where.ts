/** Conditions as SQL whose values are bound. */

export type Value = number | string | Buffer;

/** A condition and its values, in the order of its marks. */
export interface Where {
  sql: string;
  values: Value[];
}

/** A mark for each value of a list. */
export const marks = (list: readonly unknown[]): string => list.map(() => '?').join(', ');

/** All or any of these; of none, what is always or never true. */
export function joined(list: Where[], word: 'AND' | 'OR'): Where {
  if (list.length === 0) return { sql: word === 'AND' ? '1' : '0', values: [] };
  if (list.length === 1) return list[0];
  return { sql: `(${list.map((w) => w.sql).join(` ${word} `)})`, values: list.flatMap((w) => w.values) };
}
