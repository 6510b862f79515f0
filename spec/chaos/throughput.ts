/** Resolution in milliseconds. */
export const SPAN_MS = 50;

/** How many calls succeeded when. Times are milliseconds of the machine's clock. */
export class Throughput {
  readonly #spans = new Map<number, number>();

  /** A call succeeded at `time`. */
  count(time: number): void {
    this.add([[Math.floor(time / SPAN_MS) * SPAN_MS, 1]]);
  }

  /** @param spans - Start of each span of `SPAN_MS`, and how many calls succeeded in it. */
  add(spans: readonly (readonly [number, number])[]): void {
    for (const [start, count] of spans) this.#spans.set(start, (this.#spans.get(start) ?? 0) + count);
  }

  /** Calls per second in the spans that lie between two times. */
  rate(from: number, to: number): number {
    const first = Math.ceil(from / SPAN_MS) * SPAN_MS;
    let calls = 0;
    let start = first;
    for (; start + SPAN_MS <= to; start += SPAN_MS) calls += this.#spans.get(start) ?? 0;
    return start === first ? 0 : (1000 * calls) / (start - first);
  }

  /** All spans, which are forgotten. */
  takeAll(): [number, number][] {
    const spans = [...this.#spans];
    this.#spans.clear();
    return spans;
  }

  forget(before: number): void {
    for (const start of this.#spans.keys()) if (start < before) this.#spans.delete(start);
  }
}
