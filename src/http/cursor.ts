/** The piece of one direction being parsed: where the parser is and where the piece ends. Set by parser.ts. */
export const piece = { pos: 0, end: 0, gap: false };
