import { COMMAND_OPTIONS, type OwnClient } from './client.ts';

/** Beats that may go by without an answer. */
const MAX_UNANSWERED = 3;

/**
 * Notices that a connection has fallen silent: on a half-open one nothing ever fails, and nothing ever comes.
 *
 * Beats are counted rather than time: a process that was paused has not waited for its answers.
 *
 * @returns Stops it.
 */
export function startHeartbeat(client: OwnClient, intervalMs: number, onSilence: () => void): () => void {
  let unanswered = 0;
  const answered = (): void => {
    unanswered = 0;
  };
  const timer = setInterval(() => {
    if (unanswered === MAX_UNANSWERED) {
      clearInterval(timer);
      onSilence();
      return;
    }
    unanswered++;
    // A refusal is an answer too, and a connection that breaks says so itself.
    client.sendCommand(['PING'], COMMAND_OPTIONS).then(answered, answered);
  }, intervalMs).unref();
  return () => {
    clearInterval(timer);
  };
}
