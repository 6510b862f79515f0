/** Waits until `holds` does, and fails with `what` after the deadline. */
export async function until(what: string, holds: () => unknown, deadlineMs: number = 20_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
