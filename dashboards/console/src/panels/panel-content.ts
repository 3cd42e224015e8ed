import type { PanelData } from './load-panel.ts';
import type { Panel } from './model.ts';

/** What a type of panel draws from. */
export interface PanelContentProps {
  readonly panel: Panel;
  readonly data: PanelData;
}
