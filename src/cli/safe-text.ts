/** Text that no terminal obeys. */

const Steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text on one line, without anything that steers a terminal: \x1b, \u202e … */
export function safe(text: string): string {
  return text.replace(Steering, (c) => {
    const n = c.charCodeAt(0);
    return n < 256 ? `\\x${n.toString(16).padStart(2, '0')}` : `\\u${n.toString(16).padStart(4, '0')}`;
  });
}

/** The same of several lines. */
export function safeLines(text: string): string {
  return text.split('\n').map(safe).join('\n');
}
