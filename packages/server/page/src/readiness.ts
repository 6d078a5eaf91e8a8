import { readiness } from './api.ts';
import { byId } from './dom.ts';
import { startPolling } from './polling.ts';

/** Keeps the dot in the header true. @param changed called with the first answer and with each that differs */
export function watchReadiness(changed: (isReady: boolean) => void): void {
  const dot = byId('readiness');
  const text = byId('readiness-text');
  let state = 'asking';
  startPolling(
    async () => {
      const { status, models } = await readiness().catch(() => ({ status: 'no answer', models: [] }));
      if (status === state) return;
      state = status;
      dot.dataset.state = status;
      dot.title = models.join(', ');
      text.textContent = status;
      changed(status === 'ready');
    },
    () => (state === 'ready' ? 5000 : 1000),
  );
}
