/** Milliseconds until the next attempt. */
const RETRY = 3_000;
/** Milliseconds between two readings of the state, where snapshots had no room for all failures. */
const STATE_PAUSE = 5_000;
/** Milliseconds without a snapshot after which the connection counts as lost. */
const SILENCE = 6_000;

/**
 * Follows the gateway for as long as the page is open.
 *
 * @param on.state gets what `/console/state` answers, at each new connection
 * @param on.snapshot gets each snapshot
 * @param on.lost gets the reason
 */
export function follow(on) {
  let source;
  let readAt = 0;
  let heardAt = Date.now();

  const readState = async () => {
    readAt = Date.now();
    const answer = await fetch('/console/state');
    if (!answer.ok) throw new Error((await answer.json()).message ?? `status ${answer.status}`);
    on.state(await answer.json());
  };
  const again = (reason) => {
    source?.close();
    source = undefined;
    on.lost(reason);
    setTimeout(connect, RETRY);
  };
  const connect = async () => {
    try {
      await readState();
    } catch (error) {
      return again(error instanceof TypeError ? 'the gateway does not answer' : error.message);
    }
    const opened = new EventSource('/console/events');
    source = opened;
    heardAt = Date.now();
    opened.onmessage = ({ data }) => {
      heardAt = Date.now();
      const snapshot = JSON.parse(data);
      on.snapshot(snapshot);
      if (snapshot.moreFailures > 0 && Date.now() - readAt > STATE_PAUSE) readState().catch(() => {});
    };
    opened.onerror = () => {
      if (source === opened) again('the gateway has ended the stream, or has too many listeners');
    };
  };
  setInterval(() => {
    if (source !== undefined && Date.now() - heardAt > SILENCE) again('the gateway is silent');
  }, 1_000);
  void connect();
}
