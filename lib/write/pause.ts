/** Resolves after so many milliseconds, by the timers of the process, which a simulation can replace. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
