import type { Mirror } from 'neardict';
import type { Client } from './client.ts';
import type { SeenBy } from './readCheck.ts';
import type { Session } from './session.ts';
import { KEYS } from './truth.ts';

/** The mirror of one handle: what it shows never goes back, and has the own writes; it is not older than it says. */
export class Mirroring {
  readonly #client: Client;
  readonly #views: ReadonlyMap<string, SeenBy>;
  #mirror: Mirror<Record<string, number>> | undefined;
  #isOpening = false;

  constructor(client: Client) {
    this.#client = client;
    this.#views = new Map(KEYS.map((key) => [key, viewOf(client.session(key))]));
  }

  /** Opens a mirror, or closes the one that is there. */
  toggle(): void {
    if (this.#mirror !== undefined) {
      const { key, value } = { key: KEYS[0], value: this.#mirror.config[KEYS[0]] };
      this.#client.track('end of mirror', this.#mirror.close(), () => {});
      if (this.#mirror.config[key] !== value) this.#client.ledger.violate(`${this.#client.name} closes, and forgets`);
      this.#mirror = undefined;
    } else if (!this.#isOpening) this.#open();
  }

  /** Looks at everything that the mirror shows. */
  look(): void {
    if (this.#mirror === undefined || this.#client.isClosing) return;
    for (const [key, view] of this.#views) {
      const start = { ...this.#client.start(key), session: view, seen: view.seen };
      this.#client.check('mirror', start, this.#mirror.age, this.#mirror.config[key]);
    }
  }

  /** In the end it shows what is in the store. */
  checkEnd(): void {
    if (this.#mirror === undefined) return;
    const { config, current, state } = this.#mirror;
    const { ledger, name } = this.#client;
    if (state !== 'coherent') ledger.violate(`the mirror of ${name} stays ${state}`);
    for (const key of KEYS) {
      const { value } = ledger.truth.last(key);
      const isRight = config[key] === value && current[key] === value && key in config === (value !== undefined);
      if (!isRight)
        ledger.violate(`the mirror of ${name} ends with ${key} = ${String(config[key])}, not ${String(value)}`);
    }
  }

  #open(): void {
    this.#isOpening = true;
    this.#client.track(
      'mirror',
      this.#client.handle.mirror(),
      (mirror) => {
        this.#isOpening = false;
        this.#mirror = mirror;
        mirror.on('error', () => {});
        mirror.on('change', () => {
          this.look();
        });
        this.look();
      },
      () => {
        this.#isOpening = false;
      },
    );
  }
}

/** What readers of `get` have seen is no matter of a mirror, and the other way round. */
function viewOf(session: Session): SeenBy {
  return {
    seen: 0,
    get writes() {
      return session.writes;
    },
    get rolledBackAt() {
      return session.rolledBackAt;
    },
    newest: (upTo, now) => session.newest(upTo, now),
    indexOf: (write) => session.indexOf(write),
  };
}
