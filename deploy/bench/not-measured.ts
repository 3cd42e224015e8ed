/** Something that a benchmark needs is not on this machine: it is left out with a line that says what, and that is no failure. */
export class NotMeasured extends Error {
  override readonly name = 'NotMeasured';
}
