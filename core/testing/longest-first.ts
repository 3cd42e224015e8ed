import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, in this order; then all others. */
const LONGEST = [
  'deploy/chaos/',
  'deploy/notify/',
  'deploy/e2e/',
  'deploy/cluster/',
  'deploy/console/',
  'ingest/pipeline/',
  'ingest/letters/',
  'ingest/ledger/',
  'ingest/stores/',
  'ingest/',
  'gateway/',
] as const;

/** A long file that begins last would be waited for by idle workers. A fresh clone does not know how long any took the last time. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const path = relative(this.ctx.config.root, moduleId);
      const at = LONGEST.findIndex((folder) => path.startsWith(folder));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
