import type { Page } from './console.ts';

/** In the order of the menu; the first that somebody may open is where they begin, and a carrier at the links. */
export const PAGES: readonly Page[] = [
  { id: 'farm', title: { en: 'Farm', zh: '农场' }, load: () => import('./pages/farm/farm.tsx') },
  { id: 'alerts', title: { en: 'Alerts', zh: '告警' }, load: () => import('./pages/alerts/alerts.tsx') },
  {
    id: 'thresholds',
    title: { en: 'Thresholds', zh: '阈值' },
    load: () => import('./pages/thresholds/thresholds.tsx'),
  },
  {
    id: 'dashboards',
    title: { en: 'Dashboards', zh: '看板' },
    load: () => import('./pages/dashboards/dashboards.tsx'),
  },
  { id: 'links', title: { en: 'Links', zh: '链路' }, load: () => import('./pages/links/links.tsx') },
  { id: 'devices', title: { en: 'Devices', zh: '设备' }, load: () => import('./pages/devices/devices.tsx') },
  { id: 'health', title: { en: 'Health', zh: '运行状况' }, load: () => import('./pages/health/health.tsx') },
  {
    id: 'accounts',
    title: { en: 'Accounts', zh: '账号' },
    may: 'accounts',
    load: () => import('./pages/accounts/accounts.tsx'),
  },
  {
    id: 'audit',
    title: { en: 'Audit', zh: '审计' },
    may: 'audit',
    load: () => import('./pages/audit/audit.tsx'),
  },
  {
    id: 'account',
    title: { en: 'My account', zh: '我的账号' },
    isApart: true,
    load: () => import('./pages/account/account.tsx'),
  },
];
