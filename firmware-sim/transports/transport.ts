/** The far end of a bus, as a gateway reaches it. */
export interface Transport {
  /** Where: a path, or host and port; the same from start to start. */
  readonly address: string;
  open(): Promise<void>;
  /** Whoever is connected sees the line go. Answers under way are lost. */
  close(): Promise<void>;
}
