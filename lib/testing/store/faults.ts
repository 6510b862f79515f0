/** Something that happens once. */
export class Signal {
  readonly given: Promise<void>;
  #give!: () => void;

  constructor() {
    this.given = new Promise((resolve) => {
      this.#give = resolve;
    });
  }

  give(): void {
    this.#give();
  }
}

/** Something wrong with a store, until it ends. */
export interface Fault extends Disposable {
  /** Ends it before `heal()` ends all. */
  end(): void;
}

/** Calls to a store that are held back. */
export interface Hold extends Fault {
  /** Resolves when the first reply is held. */
  readonly reached: Promise<void>;
}

/** The calls that a dictionary makes. */
export type CallKind = 'read' | 'write' | 'position' | 'log' | 'scan' | 'peers';

/** What a fault does while it lasts. What is absent goes on as usual. */
export interface Effect {
  /** The feed is cut, and those who follow know. */
  readonly cutsFeed?: boolean;
  /** Messages are lost, and nobody knows. */
  readonly losesMessages?: boolean;
  /** Nobody can open a namespace or join the feed. */
  readonly isAway?: boolean;
  /** What becomes of calls of each kind. */
  readonly fate?: (kind: CallKind) => 'refused' | 'unanswered' | undefined;
  /** Milliseconds by which replies and messages come later. */
  readonly delayMs?: number;
  /** Waits as long as replies of this kind are held. */
  readonly hold?: ((kind: CallKind) => Promise<void> | undefined) | undefined;
}

/** What is wrong at the moment, all in all. */
export class Faults {
  /** Called when a fault has begun or ended. */
  readonly watchers: Set<() => void> = new Set<() => void>();
  readonly #effects = new Map<Fault, Effect>();

  get isFeedCut(): boolean {
    return this.#some((effect) => effect.cutsFeed);
  }

  get isLosingMessages(): boolean {
    return this.#some((effect) => effect.losesMessages);
  }

  get isAway(): boolean {
    return this.#some((effect) => effect.isAway);
  }

  get delayMs(): number {
    return Math.max(0, ...Array.from(this.#effects.values(), ({ delayMs = 0 }) => delayMs));
  }

  /** What becomes of a call that is made now. */
  fateOf(kind: CallKind): 'refused' | 'unanswered' | undefined {
    const fates = Array.from(this.#effects.values(), ({ fate }) => fate?.(kind));
    return fates.find((fate) => fate === 'refused') ?? fates.find((fate) => fate !== undefined);
  }

  /** Resolves when the store can be reached. */
  async reachable(): Promise<void> {
    while (this.isAway) {
      const changed = new Signal();
      const watcher = (): void => {
        changed.give();
      };
      this.watchers.add(watcher);
      await changed.given;
      this.watchers.delete(watcher);
    }
  }

  /** Waits until nobody holds replies of this kind that did so at the call. */
  async held(kind: CallKind): Promise<void> {
    await Promise.all(Array.from(this.#effects.values(), ({ hold }) => hold?.(kind) ?? Promise.resolve()));
  }

  /** @param onEnd - Told when the fault has ended, however. */
  begin(effect: Effect, onEnd: () => void = () => {}): Fault {
    const end = (): void => {
      if (!this.#effects.delete(fault)) return;
      onEnd();
      this.#tell();
    };
    const fault: Fault = { end, [Symbol.dispose]: end };
    this.#effects.set(fault, effect);
    this.#tell();
    return fault;
  }

  endAll(): void {
    for (const fault of this.#effects.keys()) fault.end();
  }

  #tell(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  #some(has: (effect: Effect) => boolean | undefined): boolean {
    return [...this.#effects.values()].some(has);
  }
}
