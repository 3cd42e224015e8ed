/**
 * A line in JSON whose text a terminal may be given: what comes from afar, such as a topic, could otherwise move the cursor, write
 * over other lines or turn them round.
 */
export function withoutCommands(line: string): string {
  return line
    .replace(/\\(?:u00(?:0[0-8bcef]|1[0-9a-f])|[bfr]|(.))/gi, (whole, other: string | undefined) =>
      other === undefined ? '\ufffd' : whole,
    )
    .replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
