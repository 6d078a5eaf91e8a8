const pollMs = 500;

/**
 * Calls back when the shell that npm started us in has gone. `npm start` and `npx` pass a signal to that shell, which
 * dies of it and leaves its child behind: whoever stops npm would find the port still taken.
 */
export function onNpmGone(gone: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    // An orphan gets a new parent.
    if (process.ppid === shell) return;
    clearInterval(timer);
    gone();
  }, pollMs);
  timer.unref();
}
