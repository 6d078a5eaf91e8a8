import koffi from 'koffi';

const setParentDeathSignal = 1;
const kill = 9;

/**
 * Has the kernel end this process with the thread that started it, whatever this process is doing then: a driver's call
 * that never returns must not outlive the service. Elsewhere than on Linux the closed channel ends it, once it is back.
 */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit());
  if (process.platform !== 'linux') return;
  try {
    const prctl = koffi
      .load(null)
      .func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
    prctl(setParentDeathSignal, kill, 0, 0, 0);
  } catch {
    // A C library without it: the closed channel has to do.
  }
  // The parent may have ended before the kernel was asked.
  if (!process.connected) process.exit();
}
