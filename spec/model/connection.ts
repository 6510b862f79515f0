import type { FeedItem } from './message.ts';
import type { Request } from './request.ts';

/** A client's data connection: what goes in first is executed and answered first. */
export class Connection {
  isUp = true;
  /** The server no longer executes what comes in; answers that are on their way still arrive. */
  isDraining = false;
  /** Requests without a delivered answer, oldest first. */
  requests: Request[] = [];
  /** How many of them the store has executed. */
  executed = 0;

  takeAnswered(): Request | undefined {
    if (this.executed === 0) return undefined;
    this.executed--;
    return this.requests.shift();
  }

  /** Cuts it and returns the requests that were not executed. */
  cut(): Request[] {
    const open = this.requests.slice(this.executed);
    this.isUp = false;
    this.isDraining = false;
    this.requests = [];
    this.executed = 0;
    return open;
  }
}

/** A client's feed: messages arrive in the order of their publication, or not at all. */
export class Feed {
  isUp = false;
  /** The server sends; a silent unsubscription ends that while the connection stays up. */
  isSubscribed = false;
  items: FeedItem[] = [];

  subscribe(): void {
    this.isUp = true;
    this.isSubscribed = true;
    this.items.push({ type: 'live' });
  }

  cut(): void {
    this.isUp = false;
    this.isSubscribed = false;
    this.items = [];
  }
}
