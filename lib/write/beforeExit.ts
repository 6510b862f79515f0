const actions = new Set<() => void>();

function run(): void {
  for (const action of actions) action();
}

/**
 * Calls `action` when the process has nothing else to do.
 *
 * All share one listener: Node warns of a leak where an emitter has more than ten.
 *
 * @returns Forgets it.
 */
export function beforeExit(action: () => void): () => void {
  if (actions.size === 0) process.on('beforeExit', run);
  actions.add(action);
  return () => {
    if (actions.delete(action) && actions.size === 0) process.off('beforeExit', run);
  };
}
