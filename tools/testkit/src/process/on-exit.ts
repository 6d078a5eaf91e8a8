const actions = new Set<() => void>();

/**
 * Runs `action` when this process exits; the action registered last runs first.
 * @returns forgets the action
 */
export function onExit(action: () => void): () => void {
  if (actions.size === 0) process.once('exit', runAll);
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const action of [...actions].reverse()) {
    try {
      action();
    } catch {
      // Nobody can handle it any more, and the others must still run.
    }
  }
}
