/** The real clock, also where a test stops the time later. */
const now = performance.now.bind(performance);

/**
 * Waits until `holds` does, by asking again and again.
 *
 * @param what - Ends the sentence "Waited in vain until ...".
 * @param deadlineMs - Milliseconds, default 20,000.
 * @throws {Error} It did not hold in time.
 */
export async function until(what: string, holds: () => unknown, deadlineMs: number = 20_000): Promise<void> {
  const deadline = now() + deadlineMs;
  while (!(await holds())) {
    if (now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
