import { render } from 'preact';
import './style.css';
import './components/parts.css';
import type { Language } from '../../../core/errors.ts';
import { createApi } from './api.ts';
import { preferredLanguage } from './i18n/locale.ts';
import { Observable } from './observable.ts';
import { followPlace } from './place.ts';
import { remembered } from './remembered.ts';
import type { Session } from './session.ts';
import { Shell } from './shell.tsx';

const language = new Observable<Language>(
  remembered<Language>('language', ['en', 'zh']) ?? preferredLanguage(navigator.languages),
);
const session = new Observable<Session | null | undefined>(undefined);
const api = createApi(
  () => language.value,
  () => session.set(null),
);

render(
  <Shell api={api} language={language} place={followPlace()} session={session} />,
  document.getElementById('app')!,
);
