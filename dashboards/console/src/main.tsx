import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { systemClock } from '../../../core/clock.ts';
import type { Language } from '../../../core/errors.ts';
import { createApi } from './api.ts';
import { App } from './app.tsx';
import { History } from './history.ts';
import { preferredLanguage } from './i18n/locale.ts';
import { Live } from './live.ts';
import { Observable } from './observable.ts';
import { remembered } from './remembered.ts';

const language = new Observable<Language>(
  remembered<Language>('language', ['en', 'zh']) ?? preferredLanguage(navigator.languages),
);
const api = createApi(() => language.value);
const live = new Live(api, systemClock);
const history = new History(api, {
  clock: systemClock,
  nowMs: () => live.nowMs(),
  isPaused: () => document.hidden,
});

const followVisibility = () => (document.hidden ? live.pause() : live.resume());
document.addEventListener('visibilitychange', followVisibility);
addEventListener('online', () => live.hurry());
followVisibility();

render(<App live={live} history={history} language={language} />, document.getElementById('app')!);
