/** Capture groups of an expression, counted without compiling it: `(` that is not escaped, in a class, or special. */
export function captureGroups(expr: string): number {
  let count = 0;
  let inClass = false;
  for (let i = 0; i < expr.length; i++) {
    const c = expr[i];
    if (c === '\\') i++;
    else if (inClass) inClass = c !== ']';
    else if (c === '[') inClass = true;
    else if (c === '(' && (expr[i + 1] !== '?' || /^\?(P?<(?![=!])|')/.test(expr.slice(i + 1, i + 5)))) count++;
  }
  return count;
}
