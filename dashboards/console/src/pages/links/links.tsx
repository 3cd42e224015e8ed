import { useConsole } from '../../console.ts';
import { LinkDetail } from './link-detail.tsx';
import { Overview } from './overview.tsx';
import './links.css';

/** Every link against its objective, or one of them in full. */
export default function Links() {
  const [id] = useConsole().place.path;
  return (
    <main class="page links-page">
      {id === undefined || id === '' ? <Overview /> : <LinkDetail key={id} id={id} />}
    </main>
  );
}
