/** Conditions as SQL whose values are bound. */

/** A condition and its values, in the order of its marks. */
export interface Where {
  sql: string;
  values: (number | string)[];
}

/** All or any of these; of none, what is always or never true. */
export function joined(list: Where[], word: 'AND' | 'OR'): Where {
  if (list.length === 0) return { sql: word === 'AND' ? '1' : '0', values: [] };
  return { sql: `(${list.map((w) => w.sql).join(` ${word} `)})`, values: list.flatMap((w) => w.values) };
}
