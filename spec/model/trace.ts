/** What happened, in words. Off, it costs one comparison per event. */
export class Trace {
  isOn = false;
  readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line);
  }
}
