/** What `vite.config.ts` makes of the files of Grafana: what there is to choose from, without the files themselves. */
declare module 'virtual:dashboards' {
  export interface DashboardEntry {
    /** Folder: the language that it is written in. */
    readonly language: 'en' | 'zh';
    readonly uid: string;
    readonly title: string;
    readonly description: string;
    /** File, from `dashboards/grafana/dashboards`. */
    readonly file: string;
    readonly tags: readonly string[];
  }
  const entries: readonly DashboardEntry[];
  export default entries;
}
