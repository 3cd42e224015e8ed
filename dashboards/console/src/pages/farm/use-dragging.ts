import { useEffect, useRef } from 'preact/hooks';
import { type MapView, moved, zoomed } from './map-view.ts';

const WHEEL_ZOOM = 1.0015;

/**
 * Moves the map by one pointer and zooms by two, or by the wheel with Ctrl. As long as all is shown one finger scrolls the page as anywhere, so
 * that nobody is caught in the map.
 */
export function useDragging(
  holder: { readonly current: HTMLElement | null },
  change: (step: (view: MapView) => MapView) => void,
  isMoved: boolean,
): void {
  const latest = useRef({ change, isMoved });
  latest.current = { change, isMoved };
  useEffect(() => {
    const element = holder.current!;
    const pointers = new Map<number, { readonly x: number; readonly y: number }>();
    const down = (event: PointerEvent) => {
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const up = ({ pointerId }: PointerEvent) => pointers.delete(pointerId);
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, now);
      if (other) {
        const middle = fromMiddle((now.x + other.x) / 2, (now.y + other.y) / 2);
        const factor = apart(now, other) / Math.max(1, apart(before, other));
        latest.current.change((view) => zoomed(view, factor, ...middle));
      } else if (latest.current.isMoved || event.pointerType === 'mouse')
        latest.current.change((view) => moved(view, now.x - before.x, now.y - before.y));
    };
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const middle = fromMiddle(event.clientX, event.clientY);
      latest.current.change((view) => zoomed(view, WHEEL_ZOOM ** -event.deltaY, ...middle));
    };
    const fromMiddle = (x: number, y: number): [number, number] => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [x - left - width / 2, y - top - height / 2];
    };
    element.addEventListener('pointerdown', down);
    element.addEventListener('wheel', wheel, { passive: false });
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', up);
    return () => {
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('wheel', wheel);
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
      removeEventListener('pointercancel', up);
    };
  }, []);
}

function apart(one: { x: number; y: number }, other: { x: number; y: number }): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
