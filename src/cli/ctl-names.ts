/** The actions of `peccary ctl` by name: what help and completion need to know. */

/** Options that actions look at. */
export interface CtlFlags {
  all: boolean;
  wait: boolean;
  color: boolean;
}

export interface ActionName {
  /** Words after the name. */
  usage: string;
  summary: string;
  /** How many words there must be at least and may be at most. */
  words: [least: number, most: number];
}

export const actionList = {
  stats: { usage: '[NAME…]', summary: 'counters that are not zero, of these names', words: [0, 64] },
  health: { usage: '', summary: 'what was lost in the last interval, why, and what helps', words: [0, 0] },
  interfaces: { usage: '', summary: 'what each interface received and dropped', words: [0, 0] },
  rules: { usage: '', summary: 'how many rules are loaded, which were refused and why', words: [0, 0] },
  reload: { usage: '', summary: 'load the rules anew', words: [0, 0] },
  uptime: { usage: '', summary: 'how long it has run', words: [0, 0] },
  info: { usage: '', summary: 'version, mode and uptime', words: [0, 0] },
  config: { usage: 'KEY', summary: 'a value of its configuration', words: [1, 1] },
  reopen: { usage: '', summary: 'open its log files anew, after a rotation', words: [0, 0] },
  dataset: { usage: 'add|remove SET TYPE VALUE', summary: 'change a data set', words: [4, 4] },
  bans: { usage: '', summary: 'addresses that are banned, until when and why', words: [0, 0] },
  ban: { usage: 'ADDRESS [TIME]', summary: 'ban an address, as in: ban 192.0.2.1 2h', words: [1, 2] },
  unban: { usage: 'ADDRESS', summary: 'let an address in again', words: [1, 1] },
  shutdown: { usage: '', summary: 'end it in good order', words: [0, 0] },
  send: { usage: 'COMMAND [KEY=VALUE…]', summary: 'any command of the socket', words: [1, 64] },
} satisfies Record<string, ActionName>;

export const actionNames = (): string[] => Object.keys(actionList);

/** One line an action, for the help. */
export function listOfActions(): string {
  const rows = Object.entries(actionList).map(([name, { usage, summary }]) => [`${name} ${usage}`.trimEnd(), summary]);
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return ['Actions:', ...rows.map(([usage, summary]) => `  ${usage.padEnd(width)}  ${summary}`)].join('\n');
}
