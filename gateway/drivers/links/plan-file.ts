import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '../../../core/config.ts';
import { reasonOf } from '../../../core/errors.ts';
import { LinkPlan } from '../../../core/links/link-plan.ts';
import { writeDurably } from '../../../core/write-durably.ts';

/** The plan that an agent goes by, in its folder: also without the host, and from the first second after a restart. */
export class PlanFile {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, 'link-plan.json');
  }

  /** `undefined` where there is none. Throws in words where there is one that cannot be read: the host sends it again. */
  read(): LinkPlan | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(`the kept plan of links cannot be read: ${reasonOf(error)}`, { cause: error });
    }
    try {
      return checkConfig(LinkPlan, JSON.parse(text));
    } catch (error) {
      throw new Error(`the kept plan of links is damaged: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Throws `DATA_FOLDER_UNUSABLE`. */
  write(plan: LinkPlan): void {
    writeDurably(this.path, JSON.stringify(plan));
  }
}
