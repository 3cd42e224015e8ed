import { useConsole } from '../../console.ts';
import { Fleet } from './fleet.tsx';
import { GatewayView } from './gateway-view.tsx';
import './devices.css';

/** All gateways, or one of them: `#/devices/{site}/{gateway}`. */
export default function Devices() {
  const [site, gateway] = useConsole().place.path;
  return (
    <main class="page devices">
      {site === undefined || gateway === undefined ? (
        <Fleet />
      ) : (
        <GatewayView key={`${site}/${gateway}`} site={site} gateway={gateway} />
      )}
    </main>
  );
}
