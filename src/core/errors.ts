/** What kind of fault it is; the command line turns it into an exit status (1 a fault while running, 2 unusable input). */
export type FaultKind = 'usage' | 'config' | 'rules' | 'capture' | 'database' | 'runtime';

/** An error a user can act on: the message names the place and the remedy. Anything else thrown is a defect. */
export class PeccaryError extends Error {
  readonly kind: FaultKind;
  constructor(kind: FaultKind, message: string) {
    super(message);
    this.name = 'PeccaryError';
    this.kind = kind;
  }
  /** Exit status of a process that ends with this error. */
  get exitCode(): 1 | 2 {
    return this.kind === 'usage' || this.kind === 'config' || this.kind === 'rules' ? 2 : 1;
  }
}
