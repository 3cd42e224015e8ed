/** NMEA 0183 allows 82 with CR LF; receivers with many satellites send somewhat more. */
const LONGEST_LINE = 120;
const DOLLAR = 0x24;
const LINE_ENDS: readonly number[] = [0x0a, 0x0d];

/** Cuts a stream of bytes into lines that begin with `$`, without their ends. Everything else is noise, and passed over. */
export class LineSplitter {
  /** `undefined` until a `$` comes. */
  #line: number[] | undefined;

  /** The lines that these bytes complete. */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    for (const byte of bytes) {
      // A `$` in the middle begins another sentence: the end of the one before was lost.
      if (byte === DOLLAR) this.#line = [byte];
      else if (LINE_ENDS.includes(byte)) {
        if (this.#line) lines.push(String.fromCharCode(...this.#line));
        this.#line = undefined;
      } else if (this.#line && this.#line.push(byte) > LONGEST_LINE) this.#line = undefined;
    }
    return lines;
  }
}
