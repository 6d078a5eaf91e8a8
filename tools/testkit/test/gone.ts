import { readFileSync } from 'node:fs';

/** Whether the process has ended. One that waits for its parent to ask for its exit code has. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return isZombie(pid);
}

/** A container's first process may take its time to reap orphans, or never do so. */
function isZombie(pid: number): boolean {
  try {
    // The state follows the name, which may hold anything but is in parentheses.
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
