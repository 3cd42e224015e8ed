/** One change, or one refused attempt, as the audit trail keeps it. */
export interface AuditEntry {
  /** Name of the person or token; `sluice` where the program itself did it. */
  readonly who: string;
  /** What was done, as `thing.verb`: `threshold.changed`, `command.submitted`, `session.refused`. */
  readonly action: string;
  /** Id of what it was done to. */
  readonly subject: string;
  readonly site?: string;
  /** What it was and has become; what is secret in it is left out by whoever calls. */
  readonly before?: unknown;
  readonly after?: unknown;
  /** In the words of whoever did it. */
  readonly why?: string;
}

/** The trail of who changed what. */
export interface Audit {
  /** On the disk when it returns. Throws `LEDGER_UNAVAILABLE`: what cannot be accounted for is not done. */
  record(entry: AuditEntry): void;
}
