export type Cause = 'panel' | 'target' | 'transformation' | 'option';

/** Something in a dashboard that is not drawn here; it is said in its place, and the rest goes on. */
export class Unknown extends Error {
  readonly what: Cause;
  readonly part: string;

  constructor(what: Cause, name: string, cause?: unknown) {
    super(`${what}: ${name}`, { cause });
    this.what = what;
    this.part = name;
  }
}
