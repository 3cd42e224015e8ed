import { BOARDS } from './boards.ts';
import { dashboardOf, uidIn } from './dashboard.ts';
import type { Language } from './panel.ts';
import { ruleGroups } from './rules/rules.ts';

/** Every file that is made from these sources, by its path in this folder. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const language of ['en', 'zh'] satisfies Language[]) {
    for (const board of BOARDS) {
      const path = `dashboards/${language}/${uidIn(board.uid, language)}.json`;
      files.set(path, `${JSON.stringify(dashboardOf(board, language), null, 2)}\n`);
    }
  }
  const rules = { apiVersion: 1, groups: ruleGroups() };
  files.set('provisioning/alerting/sluice-rules.json', `${JSON.stringify(rules, null, 2)}\n`);
  return files;
}
